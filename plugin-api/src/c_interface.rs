//! Modules in C, or in any language that can export a C symbol.
//!
//! `include/host_module.h` of this crate is the whole interface and its documentation: memory, threads, lifetimes, the
//! form of a report and of an error. `include/host_module_helpers.h` beside it turns plain arrays into Arrow streams,
//! reads parameters and writes errors. Neither needs anything but a C99 compiler:
//!
//! ```c
//! #include "host_module_helpers.h"
//!
//! static int32_t derive(const struct host_request *request, struct host_answer *answer) {
//!   const struct host_input *input = host_find_input(request, "readings");
//!   double total[1] = {0};
//!   struct host_column column = {"total", HOST_FLOAT64, NULL, NULL};
//!   column.values = total;
//!   for (uint64_t index = 0; input != NULL && index < input->length; index++) total[0] += input->bytes[index];
//!   if (host_answer_with(answer, "{\"output\":\"sum\",\"tables\":[\"data\"]}", 1) != 0 ||
//!       host_table(&answer->streams[0], &column, 1, 1) != 0) {
//!     return host_fail(answer, "out of memory");
//!   }
//!   return 0;
//! }
//!
//! HOST_MODULE_EMBED(HOST_MODULE_MANIFEST("0.1.0") HOST_MODULE_DESCRIPTOR("module.json"));
//! HOST_MODULE_EXPORT(derive, NULL);
//! ```
//!
//! ```text
//! cc -std=c99 -O2 -shared -fPIC -I plugin-api/include -o libsum.so sum.c
//! host --plugin-dir . plugin verify sum
//! ```
//!
//! `module.json` is that of a module in Rust ([`Descriptor`](crate::Descriptor)), and so are packages, trust and every
//! verb. A complete module with a test is in `examples/c-module`.
//!
//! # What differs from a module in Rust
//!
//! * It runs in a worker alone. Nothing stands between its faults and the process, so a host refuses to run it inside
//!   itself; a crash in the worker is an error that names the module.
//! * The host checks what it returns as far as C lets it: null pointers, counts, lengths, UTF-8, offsets. That a buffer
//!   is as long as its length says can not be checked.
//! * There is no conformance suite in its build; `host plugin verify` and `host plugin test` run against the library.
//! * The symbol is [`SYMBOL`]. Its last digit is the major version of plugin-api: structs never change within it, and
//!   those with a `size` may gain fields at their end.

#[cfg(feature = "host")]
pub(crate) mod structs;

/// What a C module exports: a constant `struct host_module_c`.
pub const SYMBOL: &str = "host_module_c_1";

/// Value of the manifest's key `abi` for a C module. A module in Rust has no such key.
pub const ABI: &str = "c";
