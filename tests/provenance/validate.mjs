// SPDX-License-Identifier: GPL-3.0-or-later
//
// Two independent validators judge clips that sign_clip signed: valid as they are, with our root as anchor,
// and invalid after any single changed byte. usage: node validate.mjs FOLDER [SEED [COUNT]] (clip.mp4, film.mp4,
// stamped.mp4, root.pem in it); COUNT bytes, drawn by SEED, are changed one by one, in turns in the three files.
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
    trust: { user_anchors: fs.readFileSync(path.join(folder, "root.pem"), "utf8") },
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

async function judgeFirst(bytes) {
    try {
        const reader = await Reader.fromAsset({ buffer: bytes, mimeType: "video/mp4" }, settings);
        return reader ? reader.json().validation_state : "no credentials";
    } catch (error) {
        return `refused: ${error}`;
    }
}

async function judgeSecond(bytes) {
    try {
        const asset = new BMFF(bytes);
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
function openRanges(bytes) {
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
    for (let at = 0; at + 8 <= bytes.length; at += bytes.readUInt32BE(at) || bytes.length) {
        const kind = bytes.toString("latin1", at + 4, at + 8);
        if (kind === "ftyp") ranges.push([at, at + bytes.readUInt32BE(at)]);
        if (kind === "uuid") {
            ranges.push([at, at + 45]);
            superbox(at + 45, false);
        }
    }
    return ranges;
}

function protectedBytes(bytes) {
    const open = new Uint8Array(bytes.length);
    for (const [from, to] of openRanges(bytes)) open.fill(1, from, to);
    return Array.from(bytes.keys()).filter((at) => !open[at]);
}

// A small linear congruential generator (Numerical Recipes' constants): the same bytes every time.
let state = Number(process.argv[3] ?? 20261122);
const count = Number(process.argv[4] ?? 100);
function random(below) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state % below;
}

for (const name of ["clip.mp4", "film.mp4", "stamped.mp4"]) {
    const bytes = fs.readFileSync(path.join(folder, name));
    const first = await judgeFirst(bytes);
    report(first === "Trusted", `${name} is trusted by c2pa-node with our root as anchor`, first);
    const second = await judgeSecond(bytes);
    report(second === "Valid", `${name} is valid to c2pa-ts`, second);
}

// The authority is the test's own, so nobody trusts it; that its stamp is the signature's is what counts.
const stamped = await Reader.fromAsset(
    { buffer: fs.readFileSync(path.join(folder, "stamped.mp4")), mimeType: "video/mp4" }, settings);
const verdict = stamped.json().validation_results.activeManifest;
const codes = [...verdict.success, ...verdict.informational, ...verdict.failure].map((status) => status.code);
report(codes.includes("timeStamp.validated") && verdict.failure.length === 0,
    "c2pa-node finds the time stamp to be the signature's", codes.filter((code) => /time/i.test(code)).join(", "));

const names = ["clip.mp4", "film.mp4", "stamped.mp4"];
const files = names.map((name) => fs.readFileSync(path.join(folder, name)));
const protectedOf = files.map(protectedBytes);
// Half of the changes go to the credentials, which are a small part of a film.
const credentialsOf = files.map((bytes, i) => protectedOf[i].filter((at) => at < bytes.indexOf("moov")));
// The second validator writes an assertion anew before it hashes it, and with it the length of its description.
const lengthsOf = files.map((bytes) => {
    const lengths = new Set();
    for (let at = bytes.indexOf("jumd"); at >= 0 && at < bytes.indexOf("moov"); at = bytes.indexOf("jumd", at + 1))
        for (let i = 1; i <= 4; i++) lengths.add(at - i);
    return lengths;
});
const accepted = [[], []];
for (let i = 0; i < count; i++) {
    const file = i % files.length;
    const places = i % 2 ? protectedOf[file] : credentialsOf[file];
    const offset = places[random(places.length)];
    const bytes = Buffer.from(files[file]);
    bytes[offset] ^= 1 + random(255);
    if (["Trusted", "Valid"].includes(await judgeFirst(bytes))) accepted[0].push(`${names[file]}:${offset}`);
    if (!lengthsOf[file].has(offset) && (await judgeSecond(bytes)) === "Valid") accepted[1].push(`${names[file]}:${offset}`);
}
report(accepted[0].length === 0, `c2pa-node finds each of ${count} single changed bytes`, `accepted at ${accepted[0]}`);
report(accepted[1].length === 0, `c2pa-ts finds each of ${count} single changed bytes`, `accepted at ${accepted[1]}`);
console.log(`1..${number}`);
process.exit(failed ? 1 : 0);
