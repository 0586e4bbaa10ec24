// Verifies an audit log as a stranger does: golang.org/x/mod knows signed notes and RFC 6962 trees, and nothing of ours.
// Reads a JSON document on standard input; prints "verified", or what is wrong, and then exits 1.
package main

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

type inclusion struct {
	Number int64
	Line   string
	Hashes []string
}

type consistency struct {
	From   int64
	Root   string
	Hashes []string
}

type document struct {
	Key         string
	Checkpoint  string
	Inclusions  []inclusion
	Consistency []consistency
	// All lines, if the whole tree is to be computed.
	Lines []string
}

func fail(format string, args ...interface{}) {
	fmt.Printf(format+"\n", args...)
	os.Exit(1)
}

func hashOf(text string) tlog.Hash {
	var hash tlog.Hash
	bytes, err := base64.StdEncoding.DecodeString(text)
	if err != nil || len(bytes) != len(hash) {
		fail("no hash: %q", text)
	}
	copy(hash[:], bytes)
	return hash
}

func hashesOf(texts []string) []tlog.Hash {
	hashes := []tlog.Hash{}
	for _, text := range texts {
		hashes = append(hashes, hashOf(text))
	}
	return hashes
}

func main() {
	var given document
	if err := json.NewDecoder(os.Stdin).Decode(&given); err != nil {
		fail("no document: %v", err)
	}
	verifier, err := note.NewVerifier(given.Key)
	if err != nil {
		fail("the key: %v", err)
	}
	opened, err := note.Open([]byte(given.Checkpoint), note.VerifierList(verifier))
	if err != nil {
		fail("the note: %v", err)
	}
	lines := strings.Split(opened.Text, "\n")
	if len(lines) != 4 || lines[0] != verifier.Name() {
		fail("the checkpoint has other lines")
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil {
		fail("the size: %v", err)
	}
	root := hashOf(lines[2])
	for _, one := range given.Inclusions {
		leaf := tlog.RecordHash([]byte(one.Line))
		if err := tlog.CheckRecord(hashesOf(one.Hashes), size, root, one.Number-1, leaf); err != nil {
			fail("line %d: %v", one.Number, err)
		}
	}
	for _, one := range given.Consistency {
		if err := tlog.CheckTree(hashesOf(one.Hashes), size, root, one.From, hashOf(one.Root)); err != nil {
			fail("from %d: %v", one.From, err)
		}
	}
	if given.Lines != nil {
		stored := []tlog.Hash{}
		read := tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
			hashes := []tlog.Hash{}
			for _, index := range indexes {
				hashes = append(hashes, stored[index])
			}
			return hashes, nil
		})
		for at, line := range given.Lines {
			hashes, err := tlog.StoredHashes(int64(at), []byte(line), read)
			if err != nil {
				fail("line %d: %v", at+1, err)
			}
			stored = append(stored, hashes...)
		}
		computed, err := tlog.TreeHash(int64(len(given.Lines)), read)
		if err != nil || int64(len(given.Lines)) != size || computed != root {
			fail("the root over all lines is another: %v", err)
		}
	}
	fmt.Println("verified")
}
