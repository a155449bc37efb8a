// SPDX-License-Identifier: GPL-3.0-or-later
//
// Two independent validators judge every kind of export that sign_exports wrote: valid as it is, with our roots as
// anchors, and invalid after any single changed byte. usage: node validate.mjs FOLDER [SEED [COUNT]]: COUNT bytes, drawn
// by SEED, are changed one by one in each export, half of them in its credentials.
import { Reader } from "@contentauth/c2pa-node";
import { BMFF } from "@trustnxt/c2pa-ts/asset";
import { SuperBox } from "@trustnxt/c2pa-ts/jumbf";
import { ManifestStore } from "@trustnxt/c2pa-ts/manifest";
import fs from "node:fs";
import path from "node:path";

// The second validator knows MP4's boxes but lists only still-picture brands.
BMFF.canReadBrands.add("isom");
BMFF.canReadBrands.add("mp42");

const folder = process.argv[2];
const settings = {
    trust: { user_anchors: fs.readFileSync(path.join(folder, "anchors.pem"), "utf8") },
    verify: { verify_trust: true },
};
let number = 0;
let failed = 0;

function report(good, rule, note) {
    number += 1;
    failed += good ? 0 : 1;
    if (note && !good) console.log(`# ${note}`);
    console.log(`${good ? "ok" : "not ok"} ${number} - ${rule}`);
}

// A file with its credentials beside it, as the second validator wants to see it.
class Beside {
    constructor(bytes, store) {
        this.bytes = bytes;
        this.store = store;
        this.mimeType = "application/octet-stream";
    }
    getDataLength() {
        return this.bytes.length;
    }
    async getDataRange(start = 0, length = this.bytes.length - start) {
        return this.bytes.subarray(start, start + length);
    }
    getManifestJUMBF() {
        return this.store;
    }
    getHashExclusionRange() {
        return { start: 0, length: 0 };
    }
    dumpInfo() {
        return "";
    }
}

const mimeTypes = { ".mp4": "video/mp4", ".webm": "video/webm", ".mkv": "video/x-matroska", ".gif": "image/gif", ".wav": "audio/wav" };

// An export: its bytes, and those of its credentials when they lie beside it.
function load(name) {
    const file = path.join(folder, name);
    const beside = `${file}.c2pa`;
    return {
        name,
        mimeType: mimeTypes[path.extname(name)],
        bytes: fs.readFileSync(file),
        store: fs.existsSync(beside) ? fs.readFileSync(beside) : null,
    };
}

async function readFirst({ bytes, store, mimeType }) {
    const asset = { buffer: bytes, mimeType };
    return store ? Reader.fromManifestDataAndAsset(store, asset, settings) : Reader.fromAsset(asset, settings);
}

async function judgeFirst(file) {
    try {
        const reader = await readFirst(file);
        return reader ? reader.json().validation_state : "no credentials";
    } catch (error) {
        return `refused: ${error}`;
    }
}

async function judgeSecond({ bytes, store }) {
    try {
        const asset = store ? new Beside(bytes, store) : new BMFF(bytes);
        const box = asset.getManifestJUMBF();
        if (!box) return "no credentials";
        const result = await ManifestStore.read(SuperBox.fromBuffer(box)).validate(asset);
        return result.isValid ? "Valid" : "Invalid";
    } catch (error) {
        return `refused: ${error}`;
    }
}

// Which bytes no hash or signature of C2PA's covers, so that a validator may pass over a change:
//   the file type box, and the box of the credentials up to its store (2.2, A.5.6: "the entire box shall be excluded");
//   JUMBF's wrapping of the store, the manifest, its assertions, the claim and the signature: lengths, kinds, descriptions
//   (what is inside the assertions, the claim and the signature is covered, 2.2, 8.4.2 and 13.2);
//   COSE's unprotected header, where the time stamp is, and the nil in place of its payload. A stamp that does not hold
//   counts as none (15.8).
// Our own reader finds a change of any of these: change_bytes.c.
function openRanges(bytes, isStore) {
    const ranges = [];
    const superbox = (at, inAssertions) => {
        const end = at + bytes.readUInt32BE(at);
        const first = at + 8 + bytes.readUInt32BE(at + 8);
        ranges.push([at, inAssertions ? at + 8 : first]); // an assertion's own description is hashed
        for (let inner = first; inner < end; inner += bytes.readUInt32BE(inner)) {
            const label = bytes.toString("latin1", at + 33, at + 33 + 16);
            if (bytes.toString("latin1", inner + 4, inner + 8) === "jumb")
                superbox(inner, label.startsWith("c2pa.assertions"));
            else if (!inAssertions) ranges.push([inner, inner + 8]);
            if (label.startsWith("c2pa.signature")) {
                const cose = inner + 8; // tag, array of four, byte string of 16 bits' length
                ranges.push([cose + 5 + bytes.readUInt16BE(cose + 3), end - 66]);
            }
        }
    };
    if (isStore) superbox(0, false);
    for (let at = 0; !isStore && at + 8 <= bytes.length; at += bytes.readUInt32BE(at) || bytes.length) {
        const kind = bytes.toString("latin1", at + 4, at + 8);
        if (kind === "ftyp") ranges.push([at, at + bytes.readUInt32BE(at)]);
        if (kind === "uuid") {
            ranges.push([at, at + 45]);
            superbox(at + 45, false);
        }
    }
    return ranges;
}

// The second validator writes an assertion anew before it hashes it, and with it the length of its description and the
// upper four of its toggles, which mean nothing yet: it passes over a change of these. The first finds them.
function isWrittenAnew(bytes, offset, change) {
    const isDescription = (at) => bytes.toString("latin1", at, at + 4) === "jumd";
    for (let i = 1; i <= 4; i++) if (isDescription(offset + i)) return true;
    return isDescription(offset - 20) && change % 16 === 0;
}

// Where a byte can be changed: [part, offset], part "bytes" or "store"; those of the credentials, and all.
function findPlaces({ bytes, store }) {
    const credentials = store ?? bytes;
    const open = new Uint8Array(credentials.length);
    for (const [from, to] of openRanges(credentials, store !== null)) open.fill(1, from, to);
    const end = store ? store.length : bytes.indexOf("moov");
    const part = store ? "store" : "bytes";
    const kept = Array.from(credentials.keys()).filter((at) => !open[at]).map((at) => [part, at]);
    const media = store ? Array.from(bytes.keys()).map((at) => ["bytes", at]) : kept;
    return { credentials: kept.filter(([, at]) => at < end), all: media };
}

// A small linear congruential generator (Numerical Recipes' constants): the same bytes every time.
let state = Number(process.argv[3] ?? 20261122);
const count = Number(process.argv[4] ?? 100);
function random(below) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state % below;
}

async function changeBytes(file) {
    const places = findPlaces(file);
    const accepted = [[], []];
    for (let i = 0; i < count; i++) {
        const choice = i % 2 ? places.all : places.credentials;
        const [part, offset] = choice[random(choice.length)];
        const changed = { ...file, [part]: Buffer.from(file[part]) };
        const change = 1 + random(255);
        changed[part][offset] ^= change;
        if (["Trusted", "Valid"].includes(await judgeFirst(changed))) accepted[0].push(`${part}:${offset}`);
        if (!isWrittenAnew(file[part], offset, change) && (await judgeSecond(changed)) === "Valid")
            accepted[1].push(`${part}:${offset}`);
    }
    report(accepted[0].length === 0, `c2pa-node finds each of ${count} changed bytes of ${file.name}`, `accepted at ${accepted[0]}`);
    report(accepted[1].length === 0, `c2pa-ts finds each of ${count} changed bytes of ${file.name}`, `accepted at ${accepted[1]}`);
}

const files = fs.readdirSync(folder).filter((name) => mimeTypes[path.extname(name)]).sort().map(load);
report(files.length === 12, "twelve kinds of export are there", files.map((file) => file.name).join(", "));
for (const file of files) {
    const first = await judgeFirst(file);
    report(first === "Trusted", `${file.name} is trusted by c2pa-node with our roots as anchors`, first);
    const second = await judgeSecond(file);
    report(second === "Valid", `${file.name} is valid to c2pa-ts`, second);
    await changeBytes(file);
}

// The authority is the test's own, so nobody trusts it; that its stamp is the signature's is what counts.
const verdict = (await readFirst(load("stamped.mp4"))).json().validation_results.activeManifest;
const codes = [...verdict.success, ...verdict.informational, ...verdict.failure].map((status) => status.code);
report(codes.includes("timeStamp.validated") && verdict.failure.length === 0,
    "c2pa-node finds the time stamp to be the signature's", codes.filter((code) => /time/i.test(code)).join(", "));
console.log(`1..${number}`);
process.exit(failed ? 1 : 0);
