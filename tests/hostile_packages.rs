//! Packages that no honest author makes, byte by byte: a tar writer that writes what it is told, and zstd frames of
//! plain and of repeated blocks. Only the standard library is used, so that the host's unit tests include this file too.

/// A package that must be refused.
#[derive(Debug)]
pub struct Case {
    /// What is wrong with it.
    pub name: &'static str,
    /// The package.
    pub bytes: Vec<u8>,
    /// Exit code of the refusal.
    pub code: u8,
    /// What the message says; where an entry is to blame, its name.
    pub says: &'static str,
}

/// The sha256 of some bytes in hexadecimal digits.
pub type Sha256 = fn(&[u8]) -> String;

/// The target that the library of [`honest`] is for.
pub const TARGET: &str = "x86_64-unknown-linux-gnu";

/// Where the library of [`honest`] is.
pub const LIBRARY: &str = "lib/x86_64-unknown-linux-gnu/libsample.so";

const END: [u8; 1024] = [0; 1024];
const BLOCK_BYTES: usize = 128 << 10;

/// A package without fault: what every [`Case`] would be without its fault.
#[must_use]
pub fn honest(sha256: Sha256) -> Vec<u8> {
    let library = library("sample", "1.2.3");
    frame(&archive(&[file("plugin.toml", manifest(&library, sha256)), file(LIBRARY, &library), licence()]))
}

/// Every hostile package.
#[must_use]
pub fn cases(sha256: Sha256) -> Vec<Case> {
    let mut cases = entries(sha256);
    cases.extend(libraries(sha256));
    cases.extend(frames(sha256));
    cases
}

/// One entry too much, after an honest beginning.
fn entries(sha256: Sha256) -> Vec<Case> {
    let library = library("sample", "1.2.3");
    let start = [file("plugin.toml", manifest(&library, sha256)), file(LIBRARY, &library)].concat();
    let with = |name, says, entry: Vec<u8>| Case {
        name,
        bytes: frame(&archive(&[start.clone(), entry])),
        code: 12,
        says,
    };
    let named = |name, says, path: &[u8]| with(name, says, entry(path, b'0', "", b"x"));
    let kind = |name, says, flag, link: &str| with(name, says, entry(b"odd", flag, link, b""));
    let mut setuid = raw_header(b"odd", 0, b'0', "");
    setuid[100..108].copy_from_slice(b"0004755\0");
    let mut binary_size = raw_header(b"odd", 0, b'0', "");
    binary_size[124..136].copy_from_slice(&[0x80, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0]);
    let mut negative_size = raw_header(b"odd", 0, b'0', "");
    negative_size[124..136].copy_from_slice(b"-0000000001\0");
    let mut checksum = raw_header(b"odd", 0, b'0', "");
    checksum[150] ^= 1;
    let mut old_dialect = raw_header(b"odd", 0, b'0', "");
    old_dialect[257..265].copy_from_slice(b"ustar  \0");
    let mut hidden_name = raw_header(b"odd", 0, b'0', "");
    hidden_name[10] = b'x';
    let mut hidden_tail = entry(b"odd", b'0', "", b"x");
    hidden_tail[600] = 1;
    let chain = [
        entry(b"odd", b'2', ".", b""),
        entry(b"odd/up", b'2', "..", b""),
        entry(b"odd/up/x", b'0', "", b"x"),
    ];
    let long = "a/".repeat(150);
    vec![
        named("leads upward", "../evil.so", b"../evil.so"),
        named("leads upward from within", "docs/../../evil", b"docs/../../evil"),
        named("absolute", "/tmp/evil", b"/tmp/evil"),
        named("drive letter", "C:/evil", b"C:/evil"),
        named("backslash", "..\\\\evil", b"..\\evil"),
        named("hidden file", ".ssh/authorized_keys", b".ssh/authorized_keys"),
        named("an option", "-rf", b"-rf"),
        named("not UTF-8", "evil\\xff", b"evil\xff"),
        named("control characters", "evil\\u{1b}[2J", b"evil\x1b[2J"),
        named("the same name again", LIBRARY, LIBRARY.as_bytes()),
        named("the same name in capitals", "PLUGIN.TOML", b"PLUGIN.TOML"),
        named("a file where a folder is", "`lib`", b"lib"),
        named("in place of the kept package", "package.hostplugin", b"package.hostplugin"),
        named("a library that is not listed", "lib/x86_64-unknown-linux-gnu/libmore.so", {
            b"lib/x86_64-unknown-linux-gnu/libmore.so"
        }),
        named("a library elsewhere", "docs/libmore.so.1", b"docs/libmore.so.1"),
        kind("symbolic link out", "odd", b'2', "/etc/passwd"),
        with("chained symbolic links", "odd", chain.concat()),
        kind("hard link", "odd", b'1', "plugin.toml"),
        kind("character device", "odd", b'3', ""),
        kind("block device", "odd", b'4', ""),
        kind("folder", "odd", b'5', ""),
        kind("fifo", "odd", b'6', ""),
        kind("contiguous file", "odd", b'7', ""),
        kind("sparse file", "odd", b'S', ""),
        kind("old type flag", "odd", 0, ""),
        with("long name of GNU tar", "././@LongLink", entry(b"././@LongLink", b'L', "", long.as_bytes())),
        with("pax header", "pax", entry(b"pax", b'x', "", b"20 path=../../evil\n")),
        with("global pax header", "pax", entry(b"pax", b'g', "", b"20 path=../../evil\n")),
        with("setuid", "odd", signed(setuid).to_vec()),
        with("binary size", "odd", signed(binary_size).to_vec()),
        with("negative size", "odd", signed(negative_size).to_vec()),
        with("wrong checksum", "odd", checksum.to_vec()),
        with("other dialect", "odd", signed(old_dialect).to_vec()),
        with("bytes behind the name", "odd", signed(hidden_name).to_vec()),
        with("bytes behind the content", "odd", hidden_tail),
    ]
}

/// Libraries that are not what the manifest says.
fn libraries(sha256: Sha256) -> Vec<Case> {
    let honest_library = library("sample", "1.2.3");
    let text = manifest(&honest_library, sha256);
    let case = |name, says, text: &str, library: &[u8]| Case {
        name,
        bytes: frame(&archive(&[file("plugin.toml", text), file(LIBRARY, library)])),
        code: 12,
        says,
    };
    let nested = honest(sha256);
    let other = library("other", "1.2.3");
    let newer = library("sample", "1.2.4");
    let other_digest = text.replace(&sha256(&honest_library), &sha256(b"other"));
    let mut absent = case("listed but absent", LIBRARY, &text, &honest_library);
    absent.bytes = frame(&archive(&[file("plugin.toml", &text), licence()]));
    let mut late = case("plugin.toml is not first", LIBRARY, &text, &honest_library);
    late.bytes = frame(&archive(&[file(LIBRARY, &honest_library), file("plugin.toml", &text)]));
    vec![
        case("wrong digest", LIBRARY, &other_digest, &honest_library),
        case("wrong size", LIBRARY, &text, &[&honest_library[..], b"\0"].concat()),
        case("a package as library", LIBRARY, &manifest(&nested, sha256), &nested),
        case("library of another id", LIBRARY, &manifest(&other, sha256), &other),
        case("library of another version", LIBRARY, &manifest(&newer, sha256), &newer),
        case("library of another interface", LIBRARY, &text.replace("\"1.1\"", "\"1.0\""), &honest_library),
        absent,
        late,
    ]
}

/// What is wrong with the whole.
fn frames(sha256: Sha256) -> Vec<Case> {
    let honest = honest(sha256);
    let library = library("sample", "1.2.3");
    let start = [file("plugin.toml", manifest(&library, sha256)), file(LIBRARY, &library)].concat();
    let case = |name, code, says, bytes| Case { name, bytes, code, says };
    let many: Vec<u8> =
        (0..100_000).flat_map(|number| raw_header(format!("f{number}").as_bytes(), 0, b'0', "")).collect();
    let ten_gibibytes = [start.clone(), raw_header(b"zeros", (8 << 30) - 1, b'0', "").to_vec()].concat();
    let zeros = frame_with(&frame_header(10 << 30), &ten_gibibytes, 81_920);
    let denied = [start.clone(), raw_header(b"zeros", 1 << 20, b'0', "").to_vec()].concat();
    let denied = frame_with(&frame_header(denied.len() as u64 + (1 << 20)), &denied, 81_920);
    let mut no_size = vec![0x28, 0xb5, 0x2f, 0xfd, 0, 13 << 3];
    no_size = frame_with(&no_size, &archive(std::slice::from_ref(&start)), 0);
    let whole = archive(std::slice::from_ref(&start));
    let mut window = vec![0x28, 0xb5, 0x2f, 0xfd, 0xc0, 21 << 3];
    window.extend((whole.len() as u64).to_le_bytes());
    let window = frame_with(&window, &whole, 0);
    let repeated = |times: usize| vec![honest.clone(); times].concat();
    vec![
        case("nothing", 16, "empty", Vec::new()),
        case("a web page", 16, "web page", b"<!DOCTYPE html><html>".to_vec()),
        case("a zip archive", 16, "zip", b"PK\x03\x04anything".to_vec()),
        case("half of it", 16, "truncated", honest[..honest.len() / 2].to_vec()),
        case("bytes after the frame", 12, "after its end", [&honest[..], b"more"].concat()),
        case(
            "a skippable frame",
            12,
            "after its end",
            [&honest[..], b"\x50\x2a\x4d\x18\x01\0\0\0x"].concat(),
        ),
        case("a second frame", 12, "after its end", repeated(2)),
        case("bytes after the archive", 12, "after its end", frame(&[&whole[..], &[0; 512]].concat())),
        case("a second archive", 12, "after its end", frame(&[&whole[..], &whole].concat())),
        case("no end", 12, "no end", frame(&start)),
        case("half an end", 12, "goes on after its end", frame(&[&start[..], &[0; 512]].concat())),
        case("cut inside a file", 12, "`plugin.toml` in the package is larger", frame(&whole[..700])),
        case(
            "a size beyond the end",
            15,
            "odd",
            frame(&[start.clone(), raw_header(b"odd", 1 << 30, b'0', "").to_vec()].concat()),
        ),
        case("too many files", 15, "more than 64 files", frame(&archive(&[start.clone(), many]))),
        case("ten gibibytes of zeros", 15, "10.0 GiB", zeros),
        case("ten gibibytes that are denied", 16, "damaged", denied),
        case("no size", 12, "does not say how large", no_size),
        case("a window of two gibibytes", 16, "damaged", window),
        case("too large", 15, "64.0 MiB", vec![0x28; (64 << 20) + 1]),
    ]
}

fn licence() -> Vec<u8> {
    file("LICENSE", "Do what you like.\n")
}

/// `plugin.toml` for [`library`] of `sample` 1.2.3.
fn manifest(library: &[u8], sha256: Sha256) -> String {
    format!(
        "schema = \"host.plugin/1\"\nid = \"sample\"\nversion = \"1.2.3\"\napi = \"1.1\"\ntitle = \"A sample\"\n\n\
         [libraries.{TARGET}]\npath = \"{LIBRARY}\"\nsha256 = \"{}\"\nbytes = {}\n",
        sha256(library),
        library.len()
    )
}

/// A shared library that holds nothing but a module's description.
#[must_use]
pub fn library(id: &str, version: &str) -> Vec<u8> {
    const NAMES: &[u8] = b"\0.host_module\0.shstrtab\0";
    let manifest = format!(
        r#"{{"schema":"host.manifest/1","version":"{version}","api":"1.1","api_minimum":"1.0","target":"{TARGET}",
           "target_features":"","panic":"unwind","rustc":"rustc"}}"#
    );
    let descriptor = format!(
        r#"{{"schema":"host.module/1","id":"{id}","title":"A sample","outputs":{{"o":{{"tables":[]}}}}}}"#
    );
    let mut section = b"host.section/001".to_vec();
    for (kind, content) in [(1_u32, manifest), (2, descriptor), (0, String::new())] {
        section.extend(kind.to_le_bytes());
        section.extend(0_u32.to_le_bytes());
        section.extend((content.len() as u64).to_le_bytes());
        section.extend(content.as_bytes());
    }
    let (names_at, headers_at) = (64 + section.len(), 64 + section.len() + NAMES.len());
    let mut bytes = b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x03\0\x3e\0\x01\0\0\0".to_vec();
    for number in [0, 0, headers_at as u64] {
        bytes.extend(number.to_le_bytes());
    }
    bytes.extend([0; 4]);
    for number in [64_u16, 56, 0, 64, 3, 2] {
        bytes.extend(number.to_le_bytes());
    }
    bytes.extend(&section);
    bytes.extend(NAMES);
    for (name, kind, at, length) in
        [(0_u32, 0_u32, 0, 0), (1, 1, 64, section.len()), (14, 3, names_at, NAMES.len())]
    {
        bytes.extend(name.to_le_bytes());
        bytes.extend(kind.to_le_bytes());
        for number in [0, 0, at as u64, length as u64, 0, 1, 0] {
            bytes.extend(number.to_le_bytes());
        }
    }
    bytes
}

fn archive(entries: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = entries.concat();
    bytes.extend(END);
    bytes
}

/// An honest entry.
fn file(path: &str, content: impl AsRef<[u8]>) -> Vec<u8> {
    entry(path.as_bytes(), b'0', "", content.as_ref())
}

fn entry(path: &[u8], flag: u8, link: &str, content: &[u8]) -> Vec<u8> {
    let mut bytes = raw_header(path, content.len() as u64, flag, link).to_vec();
    bytes.extend(content);
    bytes.resize(bytes.len().next_multiple_of(512), 0);
    bytes
}

fn raw_header(path: &[u8], bytes: u64, flag: u8, link: &str) -> [u8; 512] {
    let mut header = [0; 512];
    header[..path.len()].copy_from_slice(path);
    header[100..108].copy_from_slice(b"0000644\0");
    header[108..116].copy_from_slice(b"0000000\0");
    header[116..124].copy_from_slice(b"0000000\0");
    header[124..136].copy_from_slice(format!("{bytes:011o}\0").as_bytes());
    header[136..148].copy_from_slice(b"00000000000\0");
    header[156] = flag;
    header[157..157 + link.len()].copy_from_slice(link.as_bytes());
    header[257..265].copy_from_slice(b"ustar\x0000");
    signed(header)
}

/// The header with its right checksum.
fn signed(mut header: [u8; 512]) -> [u8; 512] {
    header[148..156].copy_from_slice(b"        ");
    let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
    header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    header
}

/// A zstd frame that holds some bytes as they are.
fn frame(bytes: &[u8]) -> Vec<u8> {
    frame_with(&frame_header(bytes.len() as u64), bytes, 0)
}

/// Magic number, descriptor "eight bytes of content size", a window of 8 MiB, content size.
fn frame_header(claimed_bytes: u64) -> Vec<u8> {
    let mut header = vec![0x28, 0xb5, 0x2f, 0xfd, 0xc0, 13 << 3];
    header.extend(claimed_bytes.to_le_bytes());
    header
}

/// A frame of plain blocks, and then of `zeros` blocks that are 128 KiB of zeros each in four bytes.
fn frame_with(header: &[u8], bytes: &[u8], zeros: usize) -> Vec<u8> {
    let mut frame = header.to_vec();
    let blocks = bytes.chunks(BLOCK_BYTES).map(|block| (block.len(), 0, block));
    let mut blocks: Vec<(usize, usize, &[u8])> =
        blocks.chain(std::iter::repeat_n((BLOCK_BYTES, 1, &[0_u8][..]), zeros)).collect();
    if blocks.is_empty() {
        blocks.push((0, 0, &[]));
    }
    for (index, (length, kind, content)) in blocks.iter().enumerate() {
        let last = usize::from(index + 1 == blocks.len());
        frame.extend(&(length << 3 | kind << 1 | last).to_le_bytes()[..3]);
        frame.extend(*content);
    }
    frame
}
