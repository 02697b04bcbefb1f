//! What a library asks of the dynamic loader, read before the loader sees it: a module brings everything with it but the
//! system's own libraries, and does not say where else to look for code.

use object::Endianness;
use object::elf::{
    DT_AUXILIARY, DT_FILTER, DT_NEEDED, DT_NULL, DT_RPATH, DT_RUNPATH, DT_STRSZ, DT_STRTAB, DynamicTag,
    EM_AARCH64, EM_RISCV, EM_X86_64, ET_DYN, PF_X, PT_DYNAMIC, PT_GNU_STACK, PT_LOAD,
};
use object::read::elf::{Dyn, ElfFile64, FileHeader, ProgramHeader};

use crate::error::{Error, Kind, Result};

/// Libraries of the system that a module may need, without what follows `.so`.
const SYSTEM: [&str; 9] =
    ["libc", "libm", "libgcc_s", "libdl", "libpthread", "librt", "libstdc++", "libutil", "ld-linux"];

/// Refuses what no honest module is.
pub(super) fn check(id: &str, library: &[u8]) -> Result<()> {
    if !cfg!(target_os = "linux") {
        // Loaders of other systems know neither search paths in libraries nor executable stacks.
        return Ok(());
    }
    faults(library).map_err(|fault| {
        Error::new(fault.kind, format!("the library of `{id}` is refused")).cause(fault.why).hint(fault.hint)
    })
}

#[derive(Debug)]
struct Fault {
    kind: Kind,
    why: String,
    hint: &'static str,
}

fn faults(library: &[u8]) -> std::result::Result<(), Fault> {
    let foreign = |why: String| Fault {
        kind: Kind::Incompatible,
        why,
        hint: "ask its author for a package with a library for this system",
    };
    let refused = |why: String, hint| Fault { kind: Kind::Untrusted, why, hint };
    let unreadable = |error: object::Error| foreign(format!("it is no 64-bit ELF file: {error}"));
    let file = ElfFile64::<Endianness>::parse(library).map_err(unreadable)?;
    let (header, endian) = (file.elf_header(), file.endian());
    if header.e_type(endian) != ET_DYN {
        return Err(foreign("it is no shared library".to_owned()));
    }
    let machine = match std::env::consts::ARCH {
        "x86_64" => Some(EM_X86_64),
        "aarch64" => Some(EM_AARCH64),
        "riscv64" => Some(EM_RISCV),
        _ => None,
    };
    if machine.is_some_and(|machine| header.e_machine(endian) != machine) {
        return Err(foreign(format!("it is not for {} processors", std::env::consts::ARCH)));
    }
    let headers = header.program_headers(endian, library).map_err(unreadable)?;
    let of_kind = |kind| headers.iter().filter(move |header| header.p_type(endian) == kind);
    // A library that does not say makes the stack executable, too.
    let mut stacks = of_kind(PT_GNU_STACK).peekable();
    if stacks.peek().is_none() || stacks.any(|stack| stack.p_flags(endian).contains(PF_X)) {
        return Err(refused(
            "it makes the stack executable".to_owned(),
            "ask its author to link it with `-z noexecstack`",
        ));
    }
    // What the loader reads, not what the sections say, which it never looks at.
    let mut dynamics = of_kind(PT_DYNAMIC);
    let (Some(dynamic), None) = (dynamics.next(), dynamics.next()) else {
        return Err(foreign("it does not have exactly one dynamic segment".to_owned()));
    };
    let entries = dynamic.dynamic(endian, library).map_err(unreadable)?.unwrap_or_default();
    let mut entries: Vec<(DynamicTag, u64)> =
        entries.iter().map(|entry| (entry.d_tag(endian), entry.d_val(endian))).collect();
    entries.truncate(entries.iter().position(|(tag, _)| *tag == DT_NULL).unwrap_or(entries.len()));
    let value = |wanted| entries.iter().rev().find(|(tag, _)| *tag == wanted).map_or(0, |(_, value)| *value);
    let (address, size) = (value(DT_STRTAB), value(DT_STRSZ));
    let strings = of_kind(PT_LOAD)
        .find_map(|header| header.data_range(endian, library, address, size).ok().flatten())
        .ok_or_else(|| foreign("the names in its dynamic segment cannot be read".to_owned()))?;
    let name = |offset: u64| {
        let bytes = usize::try_from(offset).ok().and_then(|offset| strings.get(offset..)).unwrap_or_default();
        let end = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
        String::from_utf8_lossy(bytes.get(..end).unwrap_or_default()).escape_debug().to_string()
    };
    for (tag, value) in &entries {
        match *tag {
            DT_RPATH | DT_RUNPATH => {
                return Err(refused(
                    format!("it says where to look for other code: `{}`", name(*value)),
                    "ask its author to link it without rpath",
                ));
            }
            DT_NEEDED | DT_AUXILIARY | DT_FILTER if !is_of_system(&name(*value)) => {
                return Err(refused(
                    format!("it needs `{}`, which is not one of the system's own libraries", name(*value)),
                    "ask its author to link that library into the module",
                ));
            }
            _ => {}
        }
    }
    Ok(())
}

/// `libc.so.6`, `ld-linux-x86-64.so.2`; never a path.
fn is_of_system(name: &str) -> bool {
    let Some((stem, version)) = name.split_once(".so") else { return false };
    let version_is_plain = version.bytes().all(|byte| byte == b'.' || byte.is_ascii_digit());
    version_is_plain && (SYSTEM.contains(&stem) || stem.starts_with("ld-linux-") && !stem.contains('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_libraries_of_the_system_may_be_needed() {
        for good in ["libc.so.6", "libgcc_s.so.1", "ld-linux-x86-64.so.2", "libstdc++.so.6", "libm.so"] {
            assert!(is_of_system(good), "{good}");
        }
        for bad in
            ["/tmp/libc.so.6", "libssl.so.3", "libc.so.6/../x", "libc", "ld-linux-/x.so.2", "./libm.so"]
        {
            assert!(!is_of_system(bad), "{bad}");
        }
    }

    #[test]
    fn damaged_files_are_refused_without_a_panic() {
        let own = fs_err::read(std::env::current_exe().unwrap()).unwrap();
        for length in [0, 1, 16, 63, 64, 200, 4096] {
            assert!(faults(&own[..length]).is_err(), "{length}");
        }
        let mut other = own[..4096].to_vec();
        other[4] = 1;
        assert!(faults(&other).unwrap_err().why.contains("64-bit"));
        // Every byte of the header, turned over.
        for index in 0..64 {
            let mut damaged = own[..4096].to_vec();
            damaged[index] ^= 0xff;
            assert!(faults(&damaged).is_err(), "{index}");
        }
    }
}
