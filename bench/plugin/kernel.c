/* A plugin for qemu's system emulation that counts the instructions of kernel and user apart.
 *
 * The guest's harness (bench/kernel/init.c) runs marks: instructions that do nothing and that no
 * compiler writes, with a number in them. At each mark this appends a line to a file: the mark's
 * number, and the instructions so far of the kernel, of the harness, of all other programs, and of
 * all together, then how often x86 repeated a string instruction, in kernel and user.
 *
 * An instruction belongs to the kernel when the highest bit of its address is set, on both
 * architectures; to the harness when it lies where bench/kernel links that; else to a program. An
 * instruction that faults is run again, and counts again. qemu also runs a string instruction with
 * `rep` once for each repetition; a CPU counts it once, and so do the lines here.
 *
 * The declarations are those of qemu 7.2, version 1 of the interface, as in counts.c. There is one
 * virtual processor, so nothing here needs a lock. */

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef uint64_t plugin_id;
struct block;
struct instruction;
/* Only its first member is looked at. */
struct info { const char *target; };

extern void qemu_plugin_register_vcpu_tb_trans_cb(plugin_id, void (*)(plugin_id, struct block *));
extern size_t qemu_plugin_tb_n_insns(const struct block *);
extern struct instruction *qemu_plugin_tb_get_insn(const struct block *, size_t);
extern uint64_t qemu_plugin_insn_vaddr(const struct instruction *);
extern const void *qemu_plugin_insn_data(const struct instruction *);
extern size_t qemu_plugin_insn_size(const struct instruction *);
extern void qemu_plugin_register_vcpu_insn_exec_inline(struct instruction *, int operation, void *, uint64_t);
extern void qemu_plugin_register_vcpu_insn_exec_cb(
    struct instruction *, void (*)(unsigned, void *), int flags, void *);

enum { ADD = 0, NO_REGISTERS = 0 };
/* The harness is linked to this range. */
enum { OWN_START = 0x50000000, OWN_END = 0x51000000 };
/* What the marks are told by: the upper half of x86's displacement, the upper byte of arm64's number. */
enum { X86_64_SIGN = 0x5eed, ARM64_SIGN = 0x5e };

enum side { KERNEL, HARNESS, PROGRAM, SIDES };

static uint64_t counts[SIDES], total, repeats[SIDES];
static FILE *lines;
static int is_x86_64;

static enum side side_of(uint64_t address) {
    if (address >> 63) return KERNEL;
    return address >= OWN_START && address < OWN_END ? HARNESS : PROGRAM;
}

/* The number of a mark, or 0. */
static unsigned mark_of(const uint8_t *bytes, size_t size) {
    uint32_t word;
    if (is_x86_64) {
        /* nopl SIGN:NUMBER(%rax) */
        if (size != 7 || memcmp(bytes, "\x0f\x1f\x80", 3) != 0) return 0;
        memcpy(&word, bytes + 3, 4);
        return word >> 16 == X86_64_SIGN ? word & 0xffff : 0;
    }
    /* movz xzr, #SIGN:NUMBER */
    if (size != 4) return 0;
    memcpy(&word, bytes, 4);
    if ((word & 0xffe0001f) != 0xd280001f || (word >> 13 & 0xff) != ARM64_SIGN) return 0;
    return word >> 5 & 0xff;
}

/* Whether it is one of x86's string instructions with a prefix that repeats it. */
static int is_repeated(const uint8_t *bytes, size_t size) {
    int prefix = 0;
    if (!is_x86_64) return 0;
    for (size_t i = 0; i < size; i++) {
        uint8_t byte = bytes[i];
        if (byte == 0xf2 || byte == 0xf3) prefix = 1;
        else if (byte != 0x66 && byte != 0x67 && byte >> 4 != 4)
            return prefix && ((byte >= 0xa4 && byte <= 0xa7) || (byte >= 0xaa && byte <= 0xaf));
    }
    return 0;
}

static void on_mark(unsigned cpu, void *number) {
    (void)cpu;
    fprintf(lines, "%u %llu %llu %llu %llu %llu %llu\n", (unsigned)(uintptr_t)number,
            (unsigned long long)(counts[KERNEL] - repeats[KERNEL]),
            (unsigned long long)(counts[HARNESS] - repeats[HARNESS]),
            (unsigned long long)(counts[PROGRAM] - repeats[PROGRAM]),
            (unsigned long long)(total - repeats[KERNEL] - repeats[HARNESS] - repeats[PROGRAM]),
            (unsigned long long)repeats[KERNEL],
            (unsigned long long)(repeats[HARNESS] + repeats[PROGRAM]));
    fflush(lines);
}

/* This runs ahead of the count of its own instruction. One that is run again right behind itself is
 * a repetition. */
static void on_repeated(unsigned cpu, void *data) {
    static uint64_t last_total, last_address;
    uint64_t address = (uint64_t)data;
    (void)cpu;
    if (address == last_address && total == last_total + 1) repeats[side_of(address)]++;
    last_address = address;
    last_total = total;
}

static void on_translation(plugin_id id, struct block *block) {
    (void)id;
    for (size_t i = 0; i < qemu_plugin_tb_n_insns(block); i++) {
        struct instruction *instruction = qemu_plugin_tb_get_insn(block, i);
        uint64_t address = qemu_plugin_insn_vaddr(instruction);
        const uint8_t *bytes = qemu_plugin_insn_data(instruction);
        size_t size = qemu_plugin_insn_size(instruction);
        unsigned mark = mark_of(bytes, size);
        enum side side = side_of(address);
        if (mark != 0 && side == HARNESS)
            qemu_plugin_register_vcpu_insn_exec_cb(instruction, on_mark, NO_REGISTERS, (void *)(uintptr_t)mark);
        if (is_repeated(bytes, size))
            qemu_plugin_register_vcpu_insn_exec_cb(instruction, on_repeated, NO_REGISTERS, (void *)address);
        qemu_plugin_register_vcpu_insn_exec_inline(instruction, ADD, &counts[side], 1);
        /* The sum again, apart from the sides, so that the host can hold one against the other. */
        qemu_plugin_register_vcpu_insn_exec_inline(instruction, ADD, &total, 1);
    }
}

__attribute__((visibility("default"))) int qemu_plugin_version = 1;

__attribute__((visibility("default"))) int qemu_plugin_install(
    plugin_id id, const struct info *info, int count, char **arguments) {
    if (count != 1 || strncmp(arguments[0], "out=", 4) != 0) {
        fprintf(stderr, "kernel: give out=FILE\n");
        return 1;
    }
    lines = fopen(arguments[0] + 4, "we");
    if (lines == NULL) {
        perror(arguments[0] + 4);
        return 1;
    }
    is_x86_64 = strcmp(info->target, "x86_64") == 0;
    qemu_plugin_register_vcpu_tb_trans_cb(id, on_translation);
    return 0;
}
