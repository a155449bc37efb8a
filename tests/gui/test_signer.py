#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The creator's own certificate chosen in the window: each that cannot sign is told why, the one that can signs the next
export; and a rights list that is followed, changed, gone and garbage.

usage: test_signer.py RUSHES SCREENSHOTS; under a session bus and a display. Prints TAP; pictures of the window go into
SCREENSHOTS.
"""
import pathlib
import subprocess
import sys

from studio import (HOME, RUSHES, STUDIO, check, choose, finish, in_front, keys, named, need, open_file, press, pyatspi,
                    save_as, session, shot, start, wait)

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "e2e"), str(HERE.parent / "provenance")]
import film  # noqa: E402
from sign_exports import make_chain  # noqa: E402
from tsa import openssl  # noqa: E402

STUDIO.pop("G_DEBUG", None)  # as in test_timeline.py


def make_certificates(at):
    """own.pem and own.key of make_chain(), and what is wrong with each of the others as its name says."""
    at.mkdir()
    make_chain(at)
    (at / "index.txt").write_text("")
    (at / "ca.cnf").write_text(
        f"[ca]\ndefault_ca = all\n[all]\ndatabase = {at}/index.txt\nnew_certs_dir = {at}\nrand_serial = yes\n"
        "default_md = sha256\npolicy = any\nunique_subject = no\n[any]\ncommonName = supplied\norganizationName = optional\n")
    for name, key, start, end in (("expired", "ec", "20200101000000Z", "20210101000000Z"),
                                  ("early", "ec", "20900101000000Z", "20910101000000Z"), ("rsa", "rsa", None, None)):
        kind = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"] if key == "ec" else ["-newkey", "rsa:2048"]
        openssl("req", "-new", *kind, "-nodes", "-keyout", at / f"{name}.key", "-out", at / f"{name}.csr", "-config",
                at / "own.cnf", "-subj", "/CN=A creator of films/O=Tests")
        dates = ["-startdate", start, "-enddate", end] if start else ["-days", "20"]
        openssl("ca", "-batch", "-notext", "-config", at / "ca.cnf", "-cert", at / "issuer.pem", "-keyfile",
                at / "issuer.key", "-in", at / f"{name}.csr", "-out", at / f"{name}-leaf.pem", *dates, "-extfile",
                at / "own.cnf", "-extensions", "leaf")
        (at / f"{name}.pem").write_text((at / f"{name}-leaf.pem").read_text() + (at / "issuer.pem").read_text())
    (at / "garbage.pem").write_bytes(bytes(range(256)) * 8)
    (at / "empty.key").write_bytes(b"")
    (at / "loose.key").write_bytes((at / "own.key").read_bytes())
    (at / "loose.key").chmod(0o644)


def pick(button, title, path):
    in_front("Who Signs Exports")
    press(button)
    open_file(path, title)


def told(text):
    return wait(lambda: named(text, pyatspi.ROLE_LABEL))


def choose_certificate(at, film_file):
    check("who signs is in the menu", choose("Who Signs Exports"))
    check("it is this computer at first", told("This computer's identity, certified by"))
    shot("signer-1-computer")
    pick("Choose the private key", "Choose the Private Key", at / "own.key")
    check("a key alone changes nothing", told("This computer's identity") and told("own.key"))
    for name, sentence in (("expired", "expired.pem: the certificate has expired"),
                           ("early", "early.pem: the certificate is not valid yet")):
        pick("Choose the certificates", "Choose Your Certificates", at / f"{name}.pem")
        pick("Choose the private key", "Choose the Private Key", at / f"{name}.key")
        check(f"one that is {name} is told", told(sentence))
    shot("signer-2-early")
    pick("Choose the certificates", "Choose Your Certificates", at / "rsa.pem")
    pick("Choose the private key", "Choose the Private Key", at / "rsa.key")
    check("RSA is told", told("is not an ECDSA key on P-256"))
    pick("Choose the certificates", "Choose Your Certificates", at / "garbage.pem")
    check("what is no certificate is told", told("garbage.pem: no certificate can be read"))
    pick("Choose the certificates", "Choose Your Certificates", at / "own.pem")
    check("a key of another certificate is told",
          wait(lambda: named("does not belong to the certificate") or named("is not an ECDSA key on P-256")))
    pick("Choose the private key", "Choose the Private Key", at / "early.key")
    check("also one of the right kind", told("the private key does not belong to the certificate"))
    pick("Choose the private key", "Choose the Private Key", at / "empty.key")
    check("an empty key is told", told("empty.key: no private key can be read"))
    pick("Choose the private key", "Choose the Private Key", at / "loose.key")
    check("a key that others may read is told", told("loose.key: other users of this computer may read"))
    shot("signer-3-loose")
    check("and none of them signs", not (film_file.parent / "data/rushes/identity/own.pem").exists())
    pick("Choose the private key", "Choose the Private Key", at / "own.key")
    check("the right ones are taken", told("Your own certificate, certified by Issuer to creators until"))
    troubles = ("may read or change", "Choose a file", "cannot be read")
    check("without a word of trouble left", not any(named(text, pyatspi.ROLE_LABEL) for text in troubles))
    shot("signer-4-own")
    keys("Escape", window="Who Signs Exports")


def inspect(path):
    done = subprocess.run([RUSHES, "inspect", str(path)], env=STUDIO, capture_output=True, text=True, check=False)
    return done.stdout


def export_signed(home):
    out = home / "signed.mp4"
    keys("ctrl+e")
    check("the export window says who signs", told("signed by A creator of films"))
    shot("signer-5-export")
    in_front("Export")
    press("Export…")
    save_as(out, "Export To")
    check("the film is exported", need("the exported film", out.exists))
    found = inspect(out)
    check("and names the creator as its signer", "A creator of films" in found and "Issuer to creators" in found)


def give_back():
    in_front()
    choose("Who Signs Exports")
    check("the certificate can be left", told("Your own certificate") and press("Leave your own certificate"))
    check("and this computer signs again", told("This computer's identity"))
    keys("Escape", window="Who Signs Exports")


def row(text):
    return wait(lambda: named(text, pyatspi.ROLE_LABEL))


def follow_list(home):
    listed = home / "studio.list"
    listed.write_text("[Wanda Example]\naction=refuse\n")
    in_front()
    check("the rights lists are in the menu", choose("Rights Lists"))
    in_front("Rights Lists")
    press("Follow a List")
    open_file(listed, "Follow a Rights List")
    check("a file that is followed is counted", row("1 name "))
    listed.write_text("[Wanda Example]\naction=refuse\n[Old Harbour]\naction=warn\n")
    check("a change of it is seen at once", row("2 names"))
    shot("signer-6-list")
    listed.write_bytes(b"\xff\xfe garbage")
    check("garbage is told", row("studio.list") and wait(lambda: not named("2 names", pyatspi.ROLE_LABEL)))
    shot("signer-7-garbage")
    listed.unlink()
    check("so is a file that went away", row(f"{listed} cannot be read: No such file"))
    shot("signer-8-gone")
    listed.write_text("[Wanda Example]\naction=refuse\n")
    check("put back it is read again", row("1 name "))
    check("and can be left", press("Leave the list studio.list"))
    check("leaving removes it", wait(lambda: not named("1 name ", pyatspi.ROLE_LABEL)) and listed.exists())
    keys("Escape", window="Rights Lists")


def main():
    home = HOME
    project = film.make(home / "Signed.rushes", 64, 40, 12, 16000, *film.flash_and_click(12, 12, 16000, 3))
    make_certificates(home / "keys")
    with session():
        start(project, log=home / "log")
        check("the project is open", wait(lambda: named("Prompt", pyatspi.ROLE_TEXT)))
        in_front()
        choose_certificate(home / "keys", home / "any")
        export_signed(home)
        give_back()
        follow_list(home)
    return finish()


if __name__ == "__main__":
    sys.exit(main())
