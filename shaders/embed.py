#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Compile one kernel to SPIR-V, validate it and write it as a C table with what it binds.

embed.py compile --glslang G --spirv-val V --name BLOB --source X.comp --include DIR
                 --output BLOB.c --depfile BLOB.d [-D NAME=VALUE ...]
embed.py table --output shader_table.c NAME...

The bindings, their kinds and the size of the push constants are read from the SPIR-V itself, so
that C and GLSL cannot disagree about them. Any warning of the compiler is an error.
"""
import argparse
import hashlib
import os
import struct
import subprocess
import sys
import tempfile

MAGIC = 0x07230203
OP_DECORATE, OP_MEMBER_DECORATE = 71, 72
OP_TYPE_INT, OP_TYPE_FLOAT, OP_TYPE_VECTOR, OP_TYPE_MATRIX, OP_TYPE_IMAGE = 21, 22, 23, 24, 25
OP_TYPE_SAMPLED_IMAGE, OP_TYPE_ARRAY, OP_TYPE_STRUCT, OP_TYPE_POINTER = 27, 28, 30, 32
OP_CONSTANT, OP_VARIABLE = 43, 59
DECORATION_NON_WRITABLE, DECORATION_ARRAY_STRIDE = 24, 6
DECORATION_BINDING, DECORATION_SET, DECORATION_OFFSET, DECORATION_MATRIX_STRIDE = 33, 34, 35, 7
CLASS_UNIFORM_CONSTANT, CLASS_UNIFORM, CLASS_PUSH, CLASS_STORAGE = 0, 2, 9, 12
BUILTIN, BUILTIN_NUM_WORKGROUPS = 11, 24
DIM_BUFFER = 5
MAX_BINDINGS, MAX_PUSH = 16, 128


def fail(message):
    sys.exit("embed.py: " + message)


class Module:
    """The few facts of a SPIR-V module that a pipeline layout is made of."""

    def __init__(self, words, name):
        if len(words) < 5 or words[0] != MAGIC:
            fail(f"{name}: not a SPIR-V module")
        self.name, self.types, self.constants = name, {}, {}
        self.decorations, self.members, self.variables = {}, {}, []
        at = 5
        while at < len(words):
            count, op = words[at] >> 16, words[at] & 0xFFFF
            self.take(op, words[at + 1:at + count])
            at += count

    def take(self, op, args):
        if op == OP_DECORATE:
            self.decorations.setdefault(args[0], {})[args[1]] = args[2] if len(args) > 2 else 1
        elif op == OP_MEMBER_DECORATE:
            value = args[3] if len(args) > 3 else 1
            self.members.setdefault(args[0], {}).setdefault(args[1], {})[args[2]] = value
        elif op in (OP_TYPE_INT, OP_TYPE_FLOAT, OP_TYPE_VECTOR, OP_TYPE_MATRIX, OP_TYPE_IMAGE,
                    OP_TYPE_SAMPLED_IMAGE, OP_TYPE_ARRAY, OP_TYPE_STRUCT, OP_TYPE_POINTER):
            self.types[args[0]] = (op, args[1:])
        elif op == OP_CONSTANT:
            self.constants[args[1]] = args[2]
        elif op == OP_VARIABLE:
            self.variables.append((args[1], args[0], args[2]))  # id, pointer type, storage class

    def size(self, type_id, matrix_stride=0):
        op, args = self.types[type_id]
        if op in (OP_TYPE_INT, OP_TYPE_FLOAT):
            return args[0] // 8
        if op == OP_TYPE_VECTOR:
            return args[1] * self.size(args[0])
        if op == OP_TYPE_MATRIX:
            return args[1] * matrix_stride
        if op == OP_TYPE_ARRAY:
            return self.constants[args[1]] * self.decorations[type_id][DECORATION_ARRAY_STRIDE]
        if op == OP_TYPE_STRUCT:
            end = 0
            for i, member in enumerate(args):
                known = self.members[type_id][i]
                end = max(end, known[DECORATION_OFFSET] +
                          self.size(member, known.get(DECORATION_MATRIX_STRIDE, 0)))
            return end
        return fail(f"{self.name}: a push constant of an unknown type")

    def read_only(self, variable, type_id):
        if DECORATION_NON_WRITABLE in self.decorations.get(variable, {}):
            return True
        op, args = self.types[type_id]
        members = self.members.get(type_id, {})
        return op == OP_TYPE_STRUCT and all(
            DECORATION_NON_WRITABLE in members.get(i, {}) for i in range(len(args)))

    def kind(self, variable, type_id, storage):
        op, args = self.types[type_id]
        writable = not self.read_only(variable, type_id)
        if storage == CLASS_STORAGE:
            return "SHADER_STORAGE", writable
        if storage == CLASS_UNIFORM and op == OP_TYPE_STRUCT:
            return "SHADER_UNIFORM", False
        if op == OP_TYPE_SAMPLED_IMAGE:
            op, args = self.types[args[0]]
        if op == OP_TYPE_IMAGE and args[1] == DIM_BUFFER:
            if args[5] == 1:
                return "SHADER_UNIFORM_TEXEL", False
            return "SHADER_STORAGE_TEXEL", writable
        return fail(f"{self.name}: a binding that is neither a buffer nor a texel buffer")

    def layout(self):
        bindings, push = {}, 0
        # Dispatches are cut into parts, each of which would see its own number of workgroups.
        if any(d.get(BUILTIN) == BUILTIN_NUM_WORKGROUPS for d in self.decorations.values()):
            fail(f"{self.name}: gl_NumWorkGroups is not available to kernels")
        for variable, pointer, storage in self.variables:
            type_id = self.types[pointer][1][1]
            if storage == CLASS_PUSH:
                push = max(push, self.size(type_id))
            elif storage in (CLASS_UNIFORM_CONSTANT, CLASS_UNIFORM, CLASS_STORAGE):
                known = self.decorations.get(variable, {})
                if known.get(DECORATION_SET, 0) != 0 or DECORATION_BINDING not in known:
                    fail(f"{self.name}: every binding must be in set 0 and have a number")
                slot = known[DECORATION_BINDING]
                if slot in bindings:
                    fail(f"{self.name}: binding {slot} is declared twice")
                bindings[slot] = self.kind(variable, type_id, storage)
        if sorted(bindings) != list(range(len(bindings))) or len(bindings) > MAX_BINDINGS:
            fail(f"{self.name}: bindings must be numbered 0 to {MAX_BINDINGS - 1} without a gap, "
                 f"found {sorted(bindings)}")
        if push > MAX_PUSH:
            fail(f"{self.name}: {push} bytes of push constants, {MAX_PUSH} are guaranteed")
        return [bindings[i] for i in range(len(bindings))], (push + 3) & ~3


def run(command):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode != 0 or "WARNING:" in done.stdout:
        sys.stderr.write(done.stdout)
        sys.exit(1)


def compile_blob(args):
    with tempfile.TemporaryDirectory() as folder:
        binary = os.path.join(folder, "blob.spv")
        run([args.glslang, "--quiet", "--target-env", "vulkan1.2", "-S", "comp",
             "-I" + args.include, "--depfile", args.depfile, "-o", binary] +
            ["-D" + d for d in args.define] + [args.source])
        run([args.spirv_val, "--target-env", "vulkan1.2", binary])
        with open(binary, "rb") as file:
            data = file.read()
    # The compiler names its own output in the dependency file; the build knows the C file only.
    with open(args.depfile, encoding="utf-8") as file:
        needs = file.read().split(":", 1)[1]
    with open(args.depfile, "w", encoding="utf-8") as file:
        file.write(args.output + ":" + needs)

    words = struct.unpack(f"<{len(data) // 4}I", data)
    bindings, push = Module(words, args.name).layout()
    lines = ["// Written by shaders/embed.py from " + os.path.basename(args.source),
             '#include "gpu/shader_blob.h"', "", "static const uint32_t words[] = {"]
    for i in range(0, len(words), 8):
        lines.append("    " + " ".join(f"0x{w:08x}," for w in words[i:i + 8]))
    lines += ["};", "", f"extern const ShaderBlob shader_blob_{args.name};",
              f"const ShaderBlob shader_blob_{args.name} = {{",
              f'    .name = "{args.name}",', "    .words = words,",
              f"    .word_count = {len(words)},",
              f'    .hash = 0x{hashlib.sha256(data).hexdigest()[:16]}u,',
              f"    .push_bytes = {push},", f"    .binding_count = {len(bindings)},"]
    if bindings:
        lines.append("    .bindings = {" + ", ".join(
            f"{{{kind}, {'true' if writable else 'false'}}}" for kind, writable in bindings) + "},")
    lines += ["};", ""]
    write(args.output, lines)


def write_table(args):
    lines = ["// Written by shaders/embed.py", '#include "gpu/shader_blob.h"', ""]
    lines += [f"extern const ShaderBlob shader_blob_{name};" for name in args.names]
    lines += ["", "const ShaderBlob *const shader_table[] = {"]
    lines += [f"    &shader_blob_{name}," for name in sorted(args.names)]
    lines += ["};", f"const size_t shader_table_count = {len(args.names)};", ""]
    write(args.output, lines)


def write(path, lines):
    with open(path, "w", encoding="utf-8") as file:
        file.write("\n".join(lines))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    commands = parser.add_subparsers(dest="command", required=True)
    one = commands.add_parser("compile")
    for name in ("glslang", "spirv-val", "name", "source", "include", "output", "depfile"):
        one.add_argument("--" + name, required=True)
    one.add_argument("-D", dest="define", action="append", default=[])
    one.set_defaults(call=compile_blob)
    table = commands.add_parser("table")
    table.add_argument("--output", required=True)
    table.add_argument("names", nargs="+")
    table.set_defaults(call=write_table)
    args = parser.parse_args()
    args.call(args)


if __name__ == "__main__":
    main()
