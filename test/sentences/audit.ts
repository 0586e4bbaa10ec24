/** What is said of an audit log that is not as it was written, and of what is witnessed, as people read it. */
export const AUDIT = {
  alteredLine: (line: number) => `line ${line} of the audit log was altered`,
  lineThree: /^line 3 of/m,
  lacksLineTwo: /lacks line 2$/m,
  truncated: /a checkpoint of \d+ lines was signed: it was truncated/,
  altered: /of the audit log was altered/,
  doesNotContinue: /does not continue the checkpoint/,
  rewroteThree: /^Lyon rewrote its audit log: .* the 3 lines that were witnessed here$/,
  unknownLog: /countersigned an audit log/,
  consistentOnly: /To prove that a server wrote it/,
  linesAltered: /at least one was altered/,
  notSignedByGiven: /not signed by the verifier key that was given/,
  fewerLines: /the checkpoint is of \d+ lines, and the file holds \d+/,
  behind: (receiver: string, because: string) =>
    new RegExp(
      `receiver ${receiver} of the audit log is \\d+ events behind, the first of \\S+: .*${because}`,
    ),
} as const;
