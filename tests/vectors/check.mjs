// Computes tests/vectors anew with viem and noble, as a client in JavaScript would. Prints what was compared.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { p256 } from "@noble/curves/p256";
import { secp256k1 } from "@noble/curves/secp256k1";
import {
  bytesToHex, concat, encodeAbiParameters, hashDomain, hashStruct, hashTypedData, hexToBytes, keccak256,
  numberToHex, parseAbiParameters, recoverTypedDataAddress, serializeCompactSignature,
  signatureToCompactSignature, parseSignature,
} from "viem";
import { privateKeyToAccount, publicKeyToAddress } from "viem/accounts";

const read = (name) => JSON.parse(readFileSync(new URL(`${name}.json`, import.meta.url), "utf8"));
const abi = (types, values) => encodeAbiParameters(parseAbiParameters(types), values);
const word = (number) => numberToHex(number, { size: 32 });
const counts = {};
const count = (name) => (counts[name] = (counts[name] ?? 0) + 1);

// ---------------------------------------------------------------- typed data

const DOMAIN = ["string name", "string version", "uint256 chainId", "address verifyingContract"]
  .map((field) => field.split(" "))
  .map(([type, name]) => ({ name, type }));

function read_message(types, name, message) {
  return Object.fromEntries(types[name].map(({ name: field, type }) => {
    const value = message[field];
    if (types[type]) return [field, read_message(types, type, value)];
    return [field, /^u?int/.test(type) ? BigInt(value) : value];
  }));
}

const written = (types, name) =>
  `${name}(${types[name].map(({ name: field, type }) => `${type} ${field}`).join(",")})`;

for (const v of read("typed_data")) {
  const { types, primaryType } = v;
  const domain = { ...v.domain, chainId: BigInt(v.domain.chainId) };
  const message = read_message(types, primaryType, v.message);
  const typedData = { domain, types, primaryType, message };
  assert.equal(Object.keys(types).map((name) => written(types, name)).join(""), v.type);
  assert.equal(hashDomain({ domain, types: { EIP712Domain: DOMAIN } }), v.domainSeparator);
  assert.equal(hashStruct({ data: message, primaryType, types }), v.structHash);
  assert.equal(hashTypedData(typedData), v.digest);
  assert.equal(keccak256(concat(["0x1901", v.domainSeparator, v.structHash])), v.digest);
  const signer = privateKeyToAccount(v.secretKey);
  assert.equal(signer.address, v.signer);
  assert.equal(await signer.signTypedData(typedData), v.signature);
  assert.equal(await recoverTypedDataAddress({ ...typedData, signature: v.signature }), v.signer);
  const compact = signatureToCompactSignature(parseSignature(v.signature));
  assert.equal(serializeCompactSignature(compact), v.compactSignature);
  count(primaryType);
}

// ---------------------------------------------------------------- sealed quotes

const LOW = (1n << 255n) - 1n;
const point = (bytes) => secp256k1.ProjectivePoint.fromHex(bytes);
const address_of = (p) => publicKeyToAddress(bytesToHex(p.toRawBytes(false)));

const q = read("sealed_quotes");
const K = point(q.quotePublicKey.slice(2));
const k = BigInt(q.quoteSecret);
assert.equal(address_of(K), q.quoteKey);
assert.equal(address_of(secp256k1.ProjectivePoint.BASE.multiply(k)), q.quoteKey);
const mask_of = (shared, bidder) => BigInt(keccak256(abi(
  "address, uint256, address, bytes32, address",
  [address_of(shared), BigInt(q.chainId), q.contract, q.auctionId, bidder],
)));

function seal(amount, r, bidder) {
  const C = secp256k1.ProjectivePoint.BASE.multiply(r);
  const parity = C.hasEvenY() ? 0n : 1n << 255n;
  const body = ((amount ^ mask_of(K.multiply(r), bidder)) & LOW) | parity;
  return { cx: word(C.x), body: word(body) };
}

function open(cx, body, bidder) {
  try {
    const C = point((BigInt(body) >> 255n ? "03" : "02") + cx.slice(2));
    const amount = (BigInt(body) ^ mask_of(C.multiply(k), bidder)) & LOW;
    return amount < 1n << 64n ? amount.toString() : null;
  } catch {
    return null;
  }
}

const last200 = (hash) => BigInt(hash) & ((1n << 200n) - 1n);
let accumulator = last200(keccak256(q.auctionId));
assert.equal(accumulator.toString(), q.seed);
for (const { bidder, ephemeralSecret, amount, cx, body, accumulator: after, opened } of q.quotes) {
  if (opened !== null) {
    assert.deepEqual(seal(BigInt(amount), BigInt(ephemeralSecret), bidder), { cx, body });
    assert.equal(opened, amount);
  }
  assert.equal(open(cx, body, bidder), opened);
  accumulator = last200(keccak256(abi("uint256, address, bytes32, bytes32", [accumulator, bidder, cx, body])));
  assert.equal(accumulator.toString(), after);
  count(opened === null ? "garbage quotes" : "sealed quotes");
}

// ---------------------------------------------------------------- signatures of meters

for (const v of read("signatures")) {
  assert.equal(keccak256(v.signer), v.receiptKey);
  const [r, s] = [v.signature.slice(2, 66), BigInt("0x" + v.signature.slice(66))];
  if (v.curve === "secp256k1") {
    const bare = new secp256k1.Signature(BigInt("0x" + r), s & LOW).addRecoveryBit(Number(s >> 255n));
    assert.equal(address_of(bare.recoverPublicKey(v.digest.slice(2))).toLowerCase(), v.signer);
  } else {
    const key = "04" + v.signer.slice(42);
    assert.equal(bytesToHex(p256.getPublicKey(v.secretScalar.slice(2), false)).slice(2), key);
    assert.ok(p256.verify(v.signature.slice(2), hexToBytes(v.digest), key, { prehash: false, lowS: true }));
  }
  count(`${v.curve} receipts`);
}

// ---------------------------------------------------------------- other hashes

const h = read("hashes");
for (const { energyWh, plain, salt, hidden } of h.energies) {
  assert.equal(word(BigInt(energyWh)), plain);
  assert.equal(keccak256(abi("uint256, bytes32", [BigInt(energyWh), salt])), hidden);
  count("energies");
}
for (const { signer, leaf, proof } of h.keyRoot.keys) {
  assert.equal(keccak256(keccak256(signer)), leaf);
  const root = proof.reduce((a, b) => keccak256(concat(a < b ? [a, b] : [b, a])), leaf);
  assert.equal(root, h.keyRoot.root);
  count("one-time keys");
}
for (const { auctionId, lot, nonce } of h.awards) {
  const drawn = BigInt(keccak256(abi("bytes32, uint256", [auctionId, BigInt(lot)])));
  assert.equal(((1n << 254n) | (drawn >> 3n)).toString(), nonce);
  count("awards");
}
console.log(JSON.stringify(counts));
