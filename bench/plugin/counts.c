/* A plugin for qemu's user emulation that counts instructions, system calls and pages.
 *
 * For every system call that the program enters it appends to a file that is shared with the
 * harness: the call's number, the instructions executed so far, and the pages of 4 KiB touched so
 * far by fetching, reading or writing. A system call's own accesses are the kernel's and not seen.
 *
 * Debian ships no header for plugins, so the declarations that are needed stand here: version 1 of
 * the interface, which is that of qemu 7.2. Later versions of qemu ask for another. */

#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

typedef uint64_t plugin_id;
struct block;
struct instruction;
struct info;

extern void qemu_plugin_register_vcpu_tb_trans_cb(plugin_id, void (*)(plugin_id, struct block *));
extern size_t qemu_plugin_tb_n_insns(const struct block *);
extern struct instruction *qemu_plugin_tb_get_insn(const struct block *, size_t);
extern uint64_t qemu_plugin_insn_vaddr(const struct instruction *);
extern void qemu_plugin_register_vcpu_insn_exec_inline(struct instruction *, int operation, void *, uint64_t);
extern void qemu_plugin_register_vcpu_tb_exec_cb(struct block *, void (*)(unsigned, void *), int flags, void *);
extern void qemu_plugin_register_vcpu_mem_cb(
    struct instruction *, void (*)(unsigned, uint32_t, uint64_t, void *), int flags, int access, void *);
extern void qemu_plugin_register_vcpu_syscall_cb(
    plugin_id, void (*)(plugin_id, unsigned, int64_t, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t,
                        uint64_t, uint64_t, uint64_t));

enum { ADD = 0, NO_REGISTERS = 0, READ_AND_WRITE = 3 };
enum { ENTRIES = 1 << 16, PLACES = 1 << 16 };

struct entry { uint64_t call, instructions, pages; };

static struct entry *entries;
static size_t used;
static uint64_t instructions, pages, seen[PLACES];

/* A process that the program starts goes on in a copy of the emulator, and must not count. */
static pid_t counted;

/* The programs that are counted have one thread, so nothing here needs a lock. */
static void touch(uint64_t address) {
    uint64_t page = (address >> 12) + 1;
    for (size_t at = page * 0x9e3779b97f4a7c15u >> 48;; at = (at + 1) % PLACES) {
        if (seen[at] == page) return;
        if (seen[at] == 0) {
            if (pages < PLACES / 2) {
                seen[at] = page;
                pages++;
            }
            return;
        }
    }
}

static void on_access(unsigned cpu, uint32_t kind, uint64_t address, void *data) {
    (void)cpu, (void)kind, (void)data;
    touch(address);
}

/* A block may lie on two pages: its first and its last instruction say which. */
static void on_block(unsigned cpu, void *address) {
    (void)cpu;
    touch((uint64_t)address);
}

static void on_translation(plugin_id id, struct block *block) {
    (void)id;
    size_t count = qemu_plugin_tb_n_insns(block);
    for (size_t i = 0; i < count; i++) {
        struct instruction *instruction = qemu_plugin_tb_get_insn(block, i);
        uint64_t address = qemu_plugin_insn_vaddr(instruction);
        if (i == 0 || i == count - 1)
            qemu_plugin_register_vcpu_tb_exec_cb(block, on_block, NO_REGISTERS, (void *)address);
        /* For each instruction, so that a block that is left early counts for what it did. */
        qemu_plugin_register_vcpu_insn_exec_inline(instruction, ADD, &instructions, 1);
        qemu_plugin_register_vcpu_mem_cb(instruction, on_access, NO_REGISTERS, READ_AND_WRITE, NULL);
    }
}

static void on_call(plugin_id id, unsigned cpu, int64_t number, uint64_t a, uint64_t b, uint64_t c,
                    uint64_t d, uint64_t e, uint64_t f, uint64_t g, uint64_t h) {
    (void)id, (void)cpu, (void)a, (void)b, (void)c, (void)d, (void)e, (void)f, (void)g, (void)h;
    if (used < ENTRIES && getpid() == counted) {
        /* The reader takes an entry for written when it has instructions. */
        entries[used].call = number;
        entries[used].pages = pages;
        __atomic_store_n(&entries[used++].instructions, instructions, __ATOMIC_RELEASE);
    }
}

__attribute__((visibility("default"))) int qemu_plugin_version = 1;

__attribute__((visibility("default"))) int qemu_plugin_install(
    plugin_id id, const struct info *info, int count, char **arguments) {
    (void)info;
    if (count != 1 || strncmp(arguments[0], "out=", 4) != 0) {
        fprintf(stderr, "counts: give out=FILE\n");
        return 1;
    }
    int file = open(arguments[0] + 4, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    size_t size = ENTRIES * sizeof *entries;
    if (file < 0 || ftruncate(file, size) != 0) {
        perror(arguments[0] + 4);
        return 1;
    }
    entries = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    close(file);
    if (entries == MAP_FAILED) {
        perror("counts: mmap");
        return 1;
    }
    counted = getpid();
    qemu_plugin_register_vcpu_tb_trans_cb(id, on_translation);
    qemu_plugin_register_vcpu_syscall_cb(id, on_call);
    return 0;
}
