// SPDX-License-Identifier: GPL-3.0-or-later
//
// Two independent validators judge clips that sign_clip signed: valid as they are, with our root as anchor,
// and invalid after any single changed byte. usage: node validate.mjs FOLDER (clip.mp4, film.mp4, stamped.mp4, root.pem)
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

// Where the boxes are that credentials protect: everything but ftyp and free, which the binding leaves out.
function protectedRanges(bytes) {
    const ranges = [];
    for (let at = 0; at + 8 <= bytes.length; ) {
        const size = bytes.readUInt32BE(at) || bytes.length - at;
        const kind = bytes.toString("latin1", at + 4, at + 8);
        // In the box of the credentials, the offset of a Merkle tree that is not there means nothing.
        if (kind === "uuid") ranges.push([at + 8, at + 37], [at + 45, at + size]);
        else if (!["ftyp", "free", "skip"].includes(kind)) ranges.push([at + 8, at + size]);
        at += size;
    }
    return ranges;
}

// A small linear congruential generator (Numerical Recipes' constants): the same bytes every time.
let state = 20261122;
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

const good = fs.readFileSync(path.join(folder, "clip.mp4"));
const ranges = protectedRanges(good);
const total = ranges.reduce((sum, [from, to]) => sum + to - from, 0);
const accepted = [[], []];
for (let i = 0; i < 100; i++) {
    let offset = random(total);
    for (const [from, to] of ranges) {
        if (offset < to - from) {
            offset += from;
            break;
        }
        offset -= to - from;
    }
    const bytes = Buffer.from(good);
    bytes[offset] ^= 1 + random(255);
    if (["Trusted", "Valid"].includes(await judgeFirst(bytes))) accepted[0].push(offset);
    if ((await judgeSecond(bytes)) === "Valid") accepted[1].push(offset);
}
report(accepted[0].length === 0, "c2pa-node finds each of 100 single changed bytes", `accepted at ${accepted[0]}`);
report(accepted[1].length === 0, "c2pa-ts finds each of 100 single changed bytes", `accepted at ${accepted[1]}`);
console.log(`1..${number}`);
process.exit(failed ? 1 : 0);
