/**
 * A managed device: makes keys and claims, hands them over, keeps receipts, and brings them back when its server
 * counts otherwise. What it holds survives; the network between it and its server does what it likes.
 */
import { claimToText, hashClaim } from '#domain/claim.ts';
import { type CompleteKey, makeKey } from '#domain/encryption-key.ts';
import { KEY_KINDS } from '#domain/key-kind.ts';
import { codeOf } from '#domain/errors.ts';
import { decodeInvitation } from '#domain/invitation.ts';
import { KeyMaterial } from '#domain/key-material.ts';
import { DEVICE_PAGE_MAX } from '#domain/limits.ts';
import { addToTotals, NO_RECEIPTS } from '#domain/receipt.ts';
import { createMachineCalls, type MachineCalls } from '#protocol/machine-calls.ts';
import type { AnswerOf } from '#protocol/machine-routes.ts';
import { keyToWire } from '#protocol/wire-key.ts';
import { publicKeyOf, simulatedAuthority } from './certificates.ts';
import { createDice, type Dice } from './dice.ts';
import { type EncryptedFile, encryptFile, identityText } from './encrypted-file.ts';
import { Life } from './life.ts';
import type { Site, World } from './world.ts';

/** A key as its device knows it. */
export interface MadeKey {
  readonly complete: CompleteKey;
  readonly claim: string;
  /** What is encrypted with it, where it is an identity of files. */
  readonly file: EncryptedFile | undefined;
}

export class Device {
  readonly name: string;
  readonly id: string;
  readonly life = new Life();
  readonly #world: World;
  readonly #dice: Dice;
  readonly #publicKey: Uint8Array;
  readonly #certificates = new Map<Site, string>();
  readonly #receipts = new Map<Site, Map<string, string>>();
  readonly made: MadeKey[] = [];
  /** Made and not acknowledged: nothing is encrypted with them yet. */
  #pending: MadeKey[] = [];
  #busy = false;
  home: Site;
  /** An administrator of its server removed it. */
  removed = false;

  constructor(world: World, home: Site) {
    this.#world = world;
    this.home = home;
    this.name = `D${world.devices.length}`;
    this.#dice = createDice(world.seed, `device ${this.name}`);
    const hex = Buffer.from(this.#dice.bytes(16)).toString('hex');
    this.id = `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20)}`;
    this.#publicKey = publicKeyOf(Buffer.from(this.#dice.bytes(32)).toString('hex'));
    world.devices.push(this);
  }

  get enrolled(): boolean {
    return this.#certificates.has(this.home);
  }

  get waiting(): number {
    return this.#pending.length;
  }

  receiptsFrom(site: Site): ReadonlyMap<string, string> {
    return this.#receipts.get(site) ?? new Map();
  }

  async enrol(site: Site, invitationText: string, arriving = false): Promise<void> {
    const invitation = decodeInvitation(invitationText);
    const answer = await this.#calls(site, undefined).call('join', {
      secret: invitation.secret,
      id: this.id,
      name: this.name,
      kind: 'device',
      ...(arriving ? { arriving } : {}),
    });
    this.#certificates.set(site, answer.certificate);
  }

  /** Makes a key and hands it over. */
  async makeKey(): Promise<void> {
    const claim = this.#dice.bytes(16);
    const createdAt = this.#world.startedAt + this.#world.schedule.now;
    const kind = this.#dice.chance(0.8) ? 'volume' : this.#dice.pick(KEY_KINDS);
    const secret = this.#dice.bytes(32);
    const complete = makeKey(
      {
        kind,
        claimHash: hashClaim(claim),
        device: { id: this.id, name: this.name },
        locator: { label: `drive ${this.made.length}` },
        algorithm: kind === 'file' ? 'age-x25519' : 'aes-xts-plain64/512',
        origin: this.home.id,
        createdAt: new Date(createdAt).toISOString(),
        replaces: this.made.at(-1)?.complete.key.id ?? null,
      },
      kind === 'file' ? KeyMaterial.fromText(identityText(secret)) : new KeyMaterial(secret),
      this.#dice.bytes(16),
    );
    // Chance of its own: what else the device draws is the same with files and without.
    const ofFile = createDice(this.#world.seed, `file ${this.made.length} of ${this.name}`);
    const file = kind === 'file' ? encryptFile(secret, ofFile) : undefined;
    const made = { complete, claim: claimToText(claim), file };
    this.made.push(made);
    this.#pending = [...this.#pending, made];
    this.#world.witness.onKeyMade(this, made);
    await this.#handOver();
  }

  async #handOver(): Promise<void> {
    const waiting = this.#pending;
    for (const made of waiting) {
      if (!this.#pending.includes(made)) continue;
      const site = this.home;
      const answer = await this.#renewing(site, (calls) =>
        calls.call('record', { complete: keyToWire(made.complete) }),
      );
      this.#keepReceipt(site, answer.id, answer.receipt);
      this.#pending = this.#pending.filter((other) => other !== made);
      this.#world.witness.onKeyAcknowledged(this, made);
    }
  }

  #keepReceipt(site: Site, id: string, receipt: string): void {
    const receipts = this.#receipts.get(site) ?? new Map<string, string>();
    receipts.set(id, receipt);
    this.#receipts.set(site, receipts);
  }

  /** What waits is handed over, and receipts the server does not count are brought back. */
  async heartbeat(): Promise<void> {
    if (this.#busy || this.removed || !this.enrolled) return;
    this.#busy = true;
    try {
      await this.#handOver();
      const site = this.home;
      const receipts = this.receiptsFrom(site);
      const { count, digest } = addToTotals(NO_RECEIPTS, [...receipts.keys()]);
      const totals = { count, digest: Buffer.from(digest).toString('hex') };
      const answer = await this.#renewing(site, (calls) =>
        calls.call('deviceHeartbeat', { name: this.name, receipts: totals }),
      );
      if (answer.receipts === 'differ') await this.#bringBack(site, receipts);
    } finally {
      this.#busy = false;
    }
  }

  async #bringBack(site: Site, receipts: ReadonlyMap<string, string>): Promise<void> {
    const ids = [...receipts.keys()];
    for (let at = 0; at < ids.length; at += DEVICE_PAGE_MAX) {
      const page = ids.slice(at, at + DEVICE_PAGE_MAX);
      const { missing } = await this.#renewing(site, (calls) => calls.call('missingReceipts', { ids: page }));
      if (missing.length === 0) continue;
      this.#world.trace.tell(this.name, `brings back ${missing.length} receipts to ${site.name}`);
      const shown = missing.map((id) => ({ id, receipt: receipts.get(id)! }));
      await this.#renewing(site, (calls) => calls.call('returnReceipts', { receipts: shown }));
    }
  }

  /**
   * Hands over a record whose id does not fit its content, a known one or one nobody has: it must be refused and change
   * nothing.
   */
  async forge(known: MadeKey, claimHash: string, fresh: boolean): Promise<void> {
    const { key, blind } = known.complete;
    const id = fresh ? `${key.id.slice(0, 24)}${Buffer.from(this.#dice.bytes(6)).toString('hex')}` : key.id;
    const forged = { ...key, id, claimHash, device: { id: this.id, name: this.name }, origin: this.home.id };
    const complete = { key: forged, material: new KeyMaterial(this.#dice.bytes(32)), blind };
    await this.#renewing(this.home, (calls) => calls.call('record', { complete: keyToWire(complete) }));
    this.#world.witness.onForgeryTaken(this, id);
  }

  /** Asks its server for a key, as for a drive that was plugged in. */
  async lookup(id: string, claim: string): Promise<AnswerOf<'deviceLookup'>> {
    return this.#renewing(this.home, (calls) => calls.call('deviceLookup', { id, claim }));
  }

  /** Asks its server for the key of a file, by what lies in its header. */
  async openFile(id: string, claim: string, { stanzas }: EncryptedFile): Promise<AnswerOf<'unwrap'>> {
    return this.#renewing(this.home, (calls) => calls.call('unwrap', { id, claim, stanzas }));
  }

  /** Changes server. It moves over only when every key it made is there. */
  async moveTo(site: Site, invitation: string): Promise<boolean> {
    const old = this.home;
    if (this.#busy || this.#pending.length > 0) return false;
    this.#busy = true;
    try {
      await this.enrol(site, invitation, true);
      for (let at = 0; at < this.made.length; at += DEVICE_PAGE_MAX) {
        const keys = this.made
          .slice(at, at + DEVICE_PAGE_MAX)
          .map(({ complete, claim }) => ({ id: complete.key.id, claim }));
        const answer = await this.#renewing(site, (calls) => calls.call('arrive', { keys }));
        for (const key of answer.keys) {
          if (key.outcome !== 'recorded') return false;
          this.#keepReceipt(site, key.id, key.receipt);
          this.#world.witness.onArrived(site, key.id);
        }
      }
      if (this.#pending.length > 0) return false;
      this.home = site;
      this.#world.trace.tell(this.name, `moved from ${old.name} to ${site.name}`);
      await this.#renewing(site, (calls) => calls.call('arrived', {}));
      const server = { id: site.id, name: site.serverName };
      await this.#renewing(old, (calls) => calls.call('moved', { server }));
      return true;
    } finally {
      this.#busy = false;
    }
  }

  #calls(site: Site, certificate: string | undefined): MachineCalls {
    const publicKey = this.#publicKey;
    const target = {
      address: site.address,
      authority: simulatedAuthority(site.id).certificatePem,
      serverId: site.id,
    };
    const caller = { name: this.name, life: this.life, present: () => ({ publicKey, certificate }) };
    return createMachineCalls(this.#world.network.sender(caller, target));
  }

  /** Renews its certificate when its dates do not fit, and asks again. */
  async #renewing<T>(site: Site, call: (calls: MachineCalls) => Promise<T>): Promise<T> {
    try {
      return await call(this.#calls(site, this.#certificates.get(site)));
    } catch (error) {
      if (codeOf(error) !== 'certificate-expired') throw error;
      const { certificate } = await this.#calls(site, this.#certificates.get(site)).call('renew', {});
      this.#certificates.set(site, certificate);
      return call(this.#calls(site, certificate));
    }
  }
}
