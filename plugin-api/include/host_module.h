/* The interface between `host` and a module that is written in C, or in any language that can export a C symbol.
 *
 * A module is a shared library with two things in it:
 *
 *   1. the section `.host_module`, which a host reads without running any code: what the library was built by and for,
 *      `module.json`, and the bundled files. The macros HOST_MODULE_EMBED… below make it;
 *   2. the symbol `host_module_c_1`, a constant `struct host_module_c`, with the functions that a worker calls.
 *
 *     #include "host_module.h"
 *
 *     static int32_t derive(const struct host_request *request, struct host_answer *answer) { … }
 *
 *     HOST_MODULE_EMBED(
 *         HOST_MODULE_MANIFEST("0.1.0")             // version of the module
 *         HOST_MODULE_DESCRIPTOR("module.json")
 *         HOST_MODULE_FILE("readings.csv"));        // one for each file that module.json names, by the name it uses
 *     HOST_MODULE_EXPORT(derive, NULL);             // NULL: no `inspect`
 *
 *     cc -std=c99 -O2 -shared -fPIC -I PATH/TO/plugin-api/include -o libNAME.so NAME.c
 *
 * The paths of the embedded files are relative to the folder that the compiler runs in, or to a folder given with -I.
 * The linker must not be told to drop unused sections (--gc-sections). What module.json may hold is documented at
 * `plugin_api::Descriptor`. `host_module_helpers.h` turns plain arrays into Arrow streams and writes errors; a complete
 * module is in `examples/c-module`.
 *
 * WHAT A MODULE MUST KEEP TO. The result follows from inputs and parameters alone: no clock, environment, file, network
 * or random number. No published number is changed or invented. Whatever the bytes of an input are, the answer is a
 * result or an error, never a crash: should it crash all the same, the worker ends and the host says whose fault it was.
 *
 * MEMORY. What the host passes belongs to the host; write to none of it. What the module returns belongs to the module:
 * the host copies `text`, moves the streams out of the array (it copies each struct and sets the original's `release` to
 * NULL, as the Arrow interface demands), then calls `answer->release` once, whether the module succeeded or failed. Each
 * stream is released later, once, by itself, so it must not need anything that `answer->release` frees.
 *
 * LIFETIME. The request, its inputs and the services stay where they are until the last stream is released, so a stream
 * may read from the inputs while it is pulled.
 *
 * THREADS. The host calls a module from one thread, one call at a time, and pulls the streams from the same one. The
 * module may use threads; they are joined before the function or callback that started them returns. The services may be
 * called from any of them.
 *
 * TEXTS are UTF-8. Those that end with a zero byte say so; everything else has a length.
 *
 * GROWTH. Within `host_module_c_1` the structs below never change, except that `host_module_c` and `host_request` may
 * gain fields at their end; `size` says how many bytes of them the other side knows.
 */
#ifndef HOST_MODULE_H
#define HOST_MODULE_H

#include <stdint.h>

/* The Arrow C data and stream interfaces, word for word from https://arrow.apache.org/docs/format/CDataInterface.html */

#ifndef ARROW_C_DATA_INTERFACE
#define ARROW_C_DATA_INTERFACE

#define ARROW_FLAG_DICTIONARY_ORDERED 1
#define ARROW_FLAG_NULLABLE 2
#define ARROW_FLAG_MAP_KEYS_SORTED 4

struct ArrowSchema {
  const char *format;
  const char *name;
  const char *metadata;
  int64_t flags;
  int64_t n_children;
  struct ArrowSchema **children;
  struct ArrowSchema *dictionary;
  void (*release)(struct ArrowSchema *);
  void *private_data;
};

struct ArrowArray {
  int64_t length;
  int64_t null_count;
  int64_t offset;
  int64_t n_buffers;
  int64_t n_children;
  const void **buffers;
  struct ArrowArray **children;
  struct ArrowArray *dictionary;
  void (*release)(struct ArrowArray *);
  void *private_data;
};

#endif /* ARROW_C_DATA_INTERFACE */

#ifndef ARROW_C_STREAM_INTERFACE
#define ARROW_C_STREAM_INTERFACE

struct ArrowArrayStream {
  int (*get_schema)(struct ArrowArrayStream *, struct ArrowSchema *out);
  int (*get_next)(struct ArrowArrayStream *, struct ArrowArray *out);
  const char *(*get_last_error)(struct ArrowArrayStream *);
  void (*release)(struct ArrowArrayStream *);
  void *private_data;
};

#endif /* ARROW_C_STREAM_INTERFACE */

/* One input file: size-limited, decompressed and hashed by the host. */
struct host_input {
  const char *role;           /* from module.json; ends with a zero byte */
  const char *name;           /* file name for messages, never a path to open; ends with a zero byte */
  const unsigned char *bytes; /* never NULL; no zero byte follows */
  uint64_t length;            /* number of bytes */
};

/* What the host offers while the module works. No function is NULL; `data` is passed to each. */
struct host_services {
  const void *data;
  /* A line for the host's log: level 0 error, 1 warning, 2 information, 3 debug, 4 trace. The text ends with zero. */
  void (*log)(const void *data, uint32_t level, const char *text);
  /* Fraction done, 0 to 1, never falling, and what is being done; the text ends with zero. */
  void (*progress)(const void *data, double fraction, const char *doing);
  /* Not 0 when the module should stop: then answer {"kind":"cancelled"}. Ask at least once a second. */
  int32_t (*cancelled)(const void *data);
};

/* One derivation. */
struct host_request {
  uint64_t size; /* bytes of this struct that the host filled in */
  const struct host_input *inputs; /* in the order of module.json; those that the user did not give are absent */
  uint64_t input_count;
  const char *parameters; /* one JSON object of numbers, texts, true and false; checked against module.json, defaults
                             filled in; ends with a zero byte */
  struct host_services services;
};

/* What a function of the module returns. All zero when it is called. */
struct host_answer {
  /* When the function returns 0: the report of `derive`, or the findings of `inspect`. Else: the error.
   *
   * The report is a JSON object:
   *   "output"    which of the outputs of module.json this is; the one key that is always needed
   *   "tables"    names of the tables: ["data"]
   *   "matrices"  name and number of rows of each matrix: [{"name":"covariance","size":5}]
   *   "metadata"  whatever explains the numbers: {"calibration_offset":0.5}; see plugin_api::Derived::note
   *   "findings", "exports", "models", "plots"  see the fields of plugin_api::Derived
   *
   * The findings are a JSON array:
   *   [{"code":"readings.order","severity":"warning","place":"input `readings`, line 3","message":"time goes back"}]
   *   with a severity of note, warning or error, and perhaps "measured" and "limit" (numbers) and "hint".
   *
   * The error is a JSON object, one of
   *   {"kind":"bad-input","subject":"ROLE","line":3,"column":2,"message":"`x` is no number","hint":"…"}
   *   {"kind":"bad-parameter","subject":"NAME","message":"…","hint":"…"}
   *   {"kind":"limit-exceeded","what":"number of readings","limit":1000,"found":2000}
   *   {"kind":"cancelled"}
   *   {"kind":"internal","message":"out of memory"}
   * Lines and columns count from 1; they and the hint may be left out. Anything else is shown as an internal error. */
  const char *text;
  uint64_t text_length; /* bytes of `text`, without a zero byte at its end */

  /* One stream for each table, in the order of the report, then one for each matrix. NULL from `inspect`. When the report
   * says "remarks":true one more follows, of one column of texts with one row, which is read last: a JSON object with
   * "metadata" and "findings" that follow from the rows, to be added to those of the report.
   *
   * The schema of a table is a struct ("+s") whose children are the columns, in the order of module.json, with these
   * formats: "g" float64, "f" float32, "l" int64, "i" int32, "b" boolean, "u" utf8, "tsn:UTC" timestamp. A matrix is a
   * table with one column of format "g" without nulls: the elements, row after row. `get_last_error` returns an error as
   * above, with a zero byte at its end. */
  struct ArrowArrayStream *streams;
  uint64_t stream_count;

  /* Frees `text` and the array `streams`, and releases those streams whose `release` is not NULL. NULL when there is
   * nothing to free. */
  void (*release)(struct host_answer *answer);
  void *private_data; /* the module's own */
};

/* Returns 0 when it succeeded. */
typedef int32_t (*host_function)(const struct host_request *request, struct host_answer *answer);

/* What the symbol `host_module_c_1` is. */
struct host_module_c {
  uint64_t size;         /* sizeof(struct host_module_c), of this header */
  host_function derive;  /* inputs and parameters in, report and streams out */
  host_function inspect; /* cheap check of the inputs alone, findings out; may be NULL */
};

#if defined(__cplusplus)
#define HOST_MODULE_LINKAGE extern "C"
#else
#define HOST_MODULE_LINKAGE extern
#endif

/* Exports the module. */
#define HOST_MODULE_EXPORT(derive_function, inspect_function)                                        \
  HOST_MODULE_LINKAGE const struct host_module_c host_module_c_1;                                    \
  __attribute__((visibility("default"))) const struct host_module_c host_module_c_1 = {             \
      sizeof(struct host_module_c), derive_function, inspect_function}

/* ---- the section ----
 *
 * 16 bytes of magic text, then records: kind (u32), length of the name (u32), length of the content (u64), name,
 * content; little endian, no padding. Kind 0 ends the list. Kinds: 1 manifest, 2 module.json, 3 a file. */

#define HOST_MODULE_API "1.2" /* version of plugin-api that this header belongs to */

/* Target triple, as Rust writes it; -DHOST_MODULE_TARGET='"…"' states another. */
#if !defined(HOST_MODULE_TARGET)
#if !defined(__ELF__) || !defined(__linux__)
#error "give the target triple with -DHOST_MODULE_TARGET; the section is written for ELF files alone"
#endif
#if defined(__x86_64__) && !defined(__ILP32__)
#define HOST_MODULE_PROCESSOR "x86_64"
#elif defined(__aarch64__)
#define HOST_MODULE_PROCESSOR "aarch64"
#elif defined(__riscv) && __riscv_xlen == 64
#define HOST_MODULE_PROCESSOR "riscv64gc"
#else
#error "give the target triple with -DHOST_MODULE_TARGET"
#endif
#if defined(__GLIBC__)
#define HOST_MODULE_TARGET HOST_MODULE_PROCESSOR "-unknown-linux-gnu"
#else
#define HOST_MODULE_TARGET HOST_MODULE_PROCESSOR "-unknown-linux-musl"
#endif
#endif

#if !defined(HOST_MODULE_COMPILER)
#if defined(__clang__)
#define HOST_MODULE_COMPILER "clang " __clang_version__
#elif defined(__GNUC__)
#define HOST_MODULE_COMPILER "gcc " __VERSION__
#else
#define HOST_MODULE_COMPILER "a C compiler"
#endif
#endif

/* Processor features beyond the common ones of the target, as -march=… or -mavx2 turn them on: the host refuses the module
 * on a machine that lacks one. Rust's names, comma-separated; -DHOST_MODULE_TARGET_FEATURES='"…"' states others. */
#if !defined(HOST_MODULE_TARGET_FEATURES)
#if defined(__AVX512F__)
#define HOST_MODULE_TARGET_FEATURES "sse4.2,avx,avx2,fma,avx512f"
#elif defined(__AVX2__) && defined(__FMA__)
#define HOST_MODULE_TARGET_FEATURES "sse4.2,avx,avx2,fma"
#elif defined(__AVX2__)
#define HOST_MODULE_TARGET_FEATURES "sse4.2,avx,avx2"
#elif defined(__AVX__)
#define HOST_MODULE_TARGET_FEATURES "sse4.2,avx"
#elif defined(__SSE4_2__)
#define HOST_MODULE_TARGET_FEATURES "sse4.2"
#else
#define HOST_MODULE_TARGET_FEATURES ""
#endif
#endif

#define HOST_MODULE_EMBED(records)                                                                   \
  __asm__(".pushsection .host_module,\"a\",%progbits\n"                                              \
          ".ascii \"host.section/001\"\n" records ".long 0, 0\n.quad 0\n"                            \
          ".popsection\n")

#define HOST_MODULE_RECORD(kind, name, content)                                                      \
  ".long " kind ", 72f - 71f\n.quad 74f - 73f\n"                                                     \
  "71: .ascii \"" name "\"\n72:\n73: " content "\n74:\n"

#define HOST_MODULE_KEY(key, value) "\\\"" key "\\\":\\\"" value "\\\""

#define HOST_MODULE_MANIFEST(version)                                                                \
  HOST_MODULE_RECORD("1", "",                                                                        \
                     ".ascii \"{" HOST_MODULE_KEY("schema", "host.manifest/1") ","                   \
                     HOST_MODULE_KEY("abi", "c") ","                                                 \
                     HOST_MODULE_KEY("version", version) ","                                         \
                     HOST_MODULE_KEY("api", HOST_MODULE_API) ","                                     \
                     HOST_MODULE_KEY("api_minimum", "1.2") ","                                       \
                     HOST_MODULE_KEY("target", HOST_MODULE_TARGET) ","                               \
                     HOST_MODULE_KEY("target_features", HOST_MODULE_TARGET_FEATURES) ","             \
                     HOST_MODULE_KEY("panic", "none") ","                                            \
                     HOST_MODULE_KEY("rustc", HOST_MODULE_COMPILER) "}\"")

#define HOST_MODULE_DESCRIPTOR(path) HOST_MODULE_RECORD("2", "", ".incbin \"" path "\"")

#define HOST_MODULE_FILE(path) HOST_MODULE_RECORD("3", path, ".incbin \"" path "\"")

#endif /* HOST_MODULE_H */
