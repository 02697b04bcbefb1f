//! The smallest library that carries a section.

use plugin_api::section::ELF_NAME;

const HEADER_BYTES: usize = 64;

/// An ELF file of 64 bits with the given bytes as a module's section, a table of names, and nothing else.
pub(super) fn with_section(content: &[u8]) -> Vec<u8> {
    let names = format!("\0{ELF_NAME}\0.shstrtab\0");
    let names_at = HEADER_BYTES + content.len();
    let headers_at = (names_at + names.len()).next_multiple_of(8);
    let mut file = vec![0x7f, b'E', b'L', b'F', 2, 1, 1, 0];
    file.resize(16, 0);
    // A shared library for x86-64, version 1; no entry, no program headers.
    number(&mut file, 3, 2);
    number(&mut file, 62, 2);
    number(&mut file, 1, 4);
    number(&mut file, 0, 8);
    number(&mut file, 0, 8);
    number(&mut file, headers_at, 8);
    number(&mut file, 0, 4);
    for value in [HEADER_BYTES, 56, 0, HEADER_BYTES, 3, 2] {
        number(&mut file, value, 2);
    }
    file.extend(content);
    file.extend(names.as_bytes());
    file.resize(headers_at, 0);
    header(&mut file, 0, 0, 0, 0);
    header(&mut file, 1, 1, HEADER_BYTES, content.len());
    header(&mut file, 2 + ELF_NAME.len(), 3, names_at, names.len());
    file
}

fn header(file: &mut Vec<u8>, name: usize, kind: usize, offset: usize, size: usize) {
    number(file, name, 4);
    number(file, kind, 4);
    for value in [0, 0, offset, size] {
        number(file, value, 8);
    }
    number(file, 0, 8);
    number(file, usize::from(kind != 0), 8);
    number(file, 0, 8);
}

fn number(file: &mut Vec<u8>, value: usize, bytes: usize) {
    file.extend(&(value as u64).to_le_bytes()[..bytes]);
}
