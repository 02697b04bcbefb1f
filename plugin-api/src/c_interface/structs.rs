//! The structs of `include/host_module.h`, field by field.
//!
//! Invariant: they never change within `host_module_c_1`, except that [`HostModuleC`] and [`HostRequest`] may grow at their
//! end. A test asks a C compiler.

use std::ffi::{c_char, c_void};

use crate::arrow_c::ArrowArrayStream;

/// `struct host_input`.
#[repr(C)]
pub(crate) struct HostInput {
    pub(crate) role: *const c_char,
    pub(crate) name: *const c_char,
    pub(crate) bytes: *const u8,
    pub(crate) length: u64,
}

/// `struct host_services`.
#[repr(C)]
pub(crate) struct HostServicesTable {
    pub(crate) data: *const c_void,
    pub(crate) log: unsafe extern "C" fn(*const c_void, u32, *const c_char),
    pub(crate) progress: unsafe extern "C" fn(*const c_void, f64, *const c_char),
    pub(crate) cancelled: unsafe extern "C" fn(*const c_void) -> i32,
}

/// `struct host_request`.
#[repr(C)]
pub(crate) struct HostRequest {
    pub(crate) size: u64,
    pub(crate) inputs: *const HostInput,
    pub(crate) input_count: u64,
    pub(crate) parameters: *const c_char,
    pub(crate) services: HostServicesTable,
}

/// `struct host_answer`.
#[repr(C)]
pub(crate) struct HostAnswer {
    pub(crate) text: *const u8,
    pub(crate) text_length: u64,
    pub(crate) streams: *mut ArrowArrayStream,
    pub(crate) stream_count: u64,
    pub(crate) release: Option<unsafe extern "C" fn(*mut HostAnswer)>,
    pub(crate) private_data: *mut c_void,
}

pub(crate) type HostFunction = unsafe extern "C" fn(*const HostRequest, *mut HostAnswer) -> i32;

/// `struct host_module_c`.
#[repr(C)]
#[derive(Clone, Copy)]
pub(crate) struct HostModuleC {
    pub(crate) size: u64,
    pub(crate) derive: Option<HostFunction>,
    pub(crate) inspect: Option<HostFunction>,
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;
    use std::mem::offset_of;
    use std::process::Command;

    use super::*;
    use crate::arrow_c::{ArrowArray, ArrowSchema};

    macro_rules! layouts {
        ($($c:literal = $type:ty: [$($field:ident),*];)*) => {{
            let (mut ours, mut program) = (String::new(), String::new());
            $(
                let _ = write!(ours, "{} size {}", $c, size_of::<$type>());
                let _ = write!(program, "printf(\"{} size %zu\", sizeof(struct {}));", $c, $c);
                $(
                    let field = stringify!($field);
                    let _ = write!(ours, ", {field} at {}", offset_of!($type, $field));
                    let _ = write!(program, "printf(\", {field} at %zu\", offsetof(struct {}, {field}));", $c);
                )*
                ours.push('\n');
                program.push_str("printf(\"\\n\");\n");
            )*
            (ours, program)
        }};
    }

    /// The header, these structs and what was released must be one thing.
    #[test]
    #[cfg(target_pointer_width = "64")]
    fn the_c_header_and_these_structs_have_the_released_layout() {
        let (ours, program) = layouts! {
            "host_module_c" = HostModuleC: [size, derive, inspect];
            "host_input" = HostInput: [role, name, bytes, length];
            "host_services" = HostServicesTable: [data, log, progress, cancelled];
            "host_request" = HostRequest: [size, inputs, input_count, parameters, services];
            "host_answer" = HostAnswer: [text, text_length, streams, stream_count, release, private_data];
            "ArrowSchema" = ArrowSchema: [format, name, flags, n_children, children, dictionary, release];
            "ArrowArray" = ArrowArray:
                [length, null_count, offset, n_buffers, n_children, buffers, children, dictionary, release];
            "ArrowArrayStream" = ArrowArrayStream: [get_schema, get_next, get_last_error, release];
        };
        let folder = std::env::temp_dir().join(format!("host-module-layout-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let (source, built) = (folder.join("layout.c"), folder.join("layout"));
        let includes = "#include <stddef.h>\n#include <stdio.h>\n#include \"host_module.h\"\n";
        let text = format!("{includes}int main(void) {{\n{program}return 0;\n}}\n");
        #[expect(clippy::disallowed_methods, reason = "a test's own source file")]
        std::fs::write(&source, text).unwrap();
        let include = concat!(env!("CARGO_MANIFEST_DIR"), "/include");
        let compiler = Command::new("cc")
            .args(["-std=c99", "-pedantic", "-Wall", "-Wextra", "-Werror", "-I", include, "-o"])
            .args([&built, &source])
            .output()
            .unwrap();
        assert!(compiler.status.success(), "{}", String::from_utf8_lossy(&compiler.stderr));
        let printed = Command::new(&built).output().unwrap().stdout;
        std::fs::remove_dir_all(&folder).unwrap();
        assert_eq!(ours, String::from_utf8_lossy(&printed));
        assert_eq!(ours, include_str!("../../abi-c-1.txt"));
    }
}
