//! What is no input is called what it is, before any module sees it; and nothing is registered.

mod manifests;
pub(crate) mod packing;

use std::path::Path;
use std::process::Command;

use libtest_mimic::Trial;
use serde_json::{Value, json};
use tests::{Outcome, Sandbox, host, tree};

use crate::matrix::Cases;
use crate::reference::releases::SIX_DEGREE_FIELD;
use crate::trial;
use packing::{gzip, zstd, zstd_bomb};

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("ingest::contents_are_called_what_they_are", &[], contents),
        trial("ingest::packed_files_are_limited", &[], packed),
        trial("ingest::larger_than_the_limit_is_refused", &[], limit),
        trial("ingest::only_regular_files_are_read", &[], kinds),
        trial("ingest::roles_and_parameters_are_known", &[], names),
        trial("ingest::manifest_paths_stay_below_its_folder", &[], manifests::paths),
        trial("ingest::manifest_pins_hold", &[], manifests::pins),
        trial("ingest::a_malformed_manifest_is_placed", &[], manifests::malformed),
    ]
}

/// Prepares one file as the mean.
fn prepare(sandbox: &Sandbox, mean: &Path) -> Outcome {
    let mean = format!("mean={}", mean.display());
    sandbox.run(["prepare", "--plugin", "bao", "--name", "numbers", "--input", &mean])
}

fn nothing_is_registered(sandbox: &Sandbox) {
    assert_eq!(sandbox.json(["list"]).pointer("/data/datasets").unwrap(), &json!([]));
    assert!(tree(&sandbox.data_root().join("derived")).is_empty());
    assert!(tree(&sandbox.data_root().join("registry/derived")).is_empty());
}

/// Each content with the place and the words that must be in the message.
fn contents() {
    let utf16 = |order: fn(u16) -> [u8; 2]| -> Vec<u8> {
        "\u{feff}0.106 0.336 0.015 rs_over_DV\n".encode_utf16().flat_map(order).collect()
    };
    let page = b"\n<!doctype HTML>\n<html><body>404: not found</body></html>\n";
    let cases: Vec<(&str, Vec<u8>, &[&str])> = vec![
        ("html", page.to_vec(), &["line 2: this is an HTML page", "hint: ", "fetch the raw file"]),
        ("html in gzip", gzip(page), &["line 2: this is an HTML page"]),
        ("html later", b"# saved\n \n<HTML lang=en>\n".to_vec(), &["line 3: this is an HTML page"]),
        ("elf", b"\x7fELF\x02\x01\x01\0\0\0".to_vec(), &["line 1: this is an executable or library"]),
        ("zip", b"PK\x03\x04\x14\0\0\0".to_vec(), &["line 1: this is a zip archive"]),
        ("fits", b"SIMPLE  =                    T".to_vec(), &["line 1: this is a FITS file"]),
        ("hdf5", b"\x89HDF\r\n\x1a\n".to_vec(), &["line 1: this is an HDF5 file"]),
        ("pdf", b"%PDF-1.7\n".to_vec(), &["line 1: this is a PDF document"]),
        (
            "nul",
            b"0.1 0.3 0.01 rs_over_DV\n0.2 \x000.3\n".to_vec(),
            &["line 2: this is a binary file", "NUL"],
        ),
        (
            "utf-16 little",
            utf16(u16::to_le_bytes),
            &["line 1: this is UTF-16 text", "hint: save it as UTF-8"],
        ),
        ("utf-16 big", utf16(u16::to_be_bytes), &["line 1: this is UTF-16 text"]),
        ("not utf-8", b"0.1 0.3 0.01 rs_over_DV\n\xff\xfe\n".to_vec(), &["line 2: not UTF-8 text"]),
        ("empty", Vec::new(), &["line 1: the file is empty", "hint: "]),
        ("empty in gzip", gzip(b""), &["line 1: the file is empty"]),
        ("blanks", b" \n\t\r\n\n".to_vec(), &["line 1: the file holds only blanks"]),
        ("comments", b"# z value quantity\n".to_vec(), &["there is no measurement in it", "hint: "]),
        (
            "words",
            b"version https://example.org\n".to_vec(),
            &["line 1, field 1: not a number: found `version`"],
        ),
    ];
    let sandbox = Sandbox::new();
    let mut counted = Cases::of("E5", "ingest");
    for (name, content, texts) in cases {
        counted.run(name, || {
            let path = sandbox.write("input.txt", content);
            let outcome = prepare(&sandbox, &path).failure(16, &["error: input `mean`"]);
            for text in texts {
                assert!(outcome.stderr.contains(text), "{name}: `{text}` is not in {}", outcome.stderr);
            }
            assert_eq!(outcome.stdout, "", "{name}");
            Ok(())
        });
    }
    counted.finish(17);
    nothing_is_registered(&sandbox);
}

fn packed() {
    let sandbox = Sandbox::new();
    let content = SIX_DEGREE_FIELD.as_bytes();
    for whole in [gzip(content), zstd(content)] {
        for cut in [2, whole.len() / 2, whole.len() - 1] {
            let path = sandbox.write("cut", &whole[..cut]);
            let texts = ["damaged or truncated", "hint: get the file again"];
            // Three bytes of a magic number are no zstd file yet.
            let texts = if cut == 2 && whole[0] == 0x28 { &["input `mean`"][..] } else { &texts[..] };
            let _ = prepare(&sandbox, &path).failure(16, texts);
        }
    }
    let mut damaged = gzip(content);
    let checksum = damaged.len() - 6;
    damaged[checksum] ^= 1;
    let path = sandbox.write("checksum", damaged);
    let _ = prepare(&sandbox, &path).failure(16, &["damaged or truncated gzip file"]);
    let mut followed = gzip(content);
    followed.extend_from_slice(b"garbage");
    let path = sandbox.write("followed", followed);
    let _ = prepare(&sandbox, &path).failure(16, &["damaged or truncated gzip file"]);

    // 20 MiB of blanks, from 20 kB and from 0.7 kB.
    let blanks = vec![b' '; 20 << 20];
    for bomb in [gzip(&blanks), zstd_bomb(160)] {
        let size = bomb.len();
        let path = sandbox.write("bomb", bomb);
        let text = format!("input `mean` unpacks to more than 200 times its {size} bytes");
        let _ =
            prepare(&sandbox, &path).failure(15, &[&text, "hint: if the file is right, unpack it yourself"]);
    }
    nothing_is_registered(&sandbox);
    // A file that is small when unpacked may be packed as well as it can.
    let padded = SIX_DEGREE_FIELD.to_owned() + &"\n".repeat(1 << 20);
    let _ = prepare(&sandbox, &sandbox.write("padded", gzip(padded.as_bytes()))).success();
}

fn limit() {
    let sandbox = Sandbox::new();
    let plain = sandbox.write("plain", SIX_DEGREE_FIELD);
    let padded = SIX_DEGREE_FIELD.to_owned() + &"#".repeat(1000);
    let packed = sandbox.write("packed", gzip(padded.as_bytes()));
    let with_limit = |path: &Path, bytes: usize| {
        let mean = format!("mean={}", path.display());
        let mut command =
            sandbox.command(["prepare", "--plugin", "bao", "--name", "numbers", "--input", &mean]);
        Outcome::of(command.env("PBUF_PROCESSING_MAX_INPUT_SIZE_BYTES", bytes.to_string()))
    };
    let hint = "hint: to allow more, set `processing.max_input_size_bytes`";
    let size = SIX_DEGREE_FIELD.len();
    let text = format!("input `mean` is larger than {} B", size - 1);
    let _ = with_limit(&plain, size - 1).failure(15, &[&text, "plain", hint]);
    let _ = with_limit(&packed, 500).failure(15, &["input `mean` is larger than 500 B when unpacked", hint]);
    nothing_is_registered(&sandbox);
    let _ = with_limit(&plain, size).success();
    let _ = with_limit(&packed, padded.len()).success();
}

/// A pipe that nobody writes to must not be waited for.
fn kinds() {
    let sandbox = Sandbox::new();
    let folder = sandbox.path("work/folder");
    std::fs::create_dir(&folder).unwrap();
    let _ = prepare(&sandbox, &folder).failure(16, &["input `mean` is a directory"]);
    let absent = sandbox.path("work/absent.txt");
    let texts = ["cannot read input `mean`", "absent.txt", "No such file", "hint: check the path"];
    let _ = prepare(&sandbox, &absent).failure(16, &texts);
    let _ = prepare(&sandbox, Path::new("/dev/zero")).failure(16, &["input `mean` is not a regular file"]);

    let pipe = sandbox.path("work/pipe");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let mut command = Command::new("timeout");
    command.arg("60").arg(host());
    sandbox.prepare(&mut command);
    command.args(["prepare", "--plugin", "bao", "--input"]).arg(format!("mean={}", pipe.display()));
    let _ = Outcome::of(&mut command).failure(16, &["input `mean` is not a regular file"]);
    nothing_is_registered(&sandbox);
}

fn names() {
    let sandbox = Sandbox::new();
    let mean = sandbox.write("mean.txt", SIX_DEGREE_FIELD);
    let mean = mean.to_str().unwrap();
    let run = |arguments: &[&str]| {
        let mut all = vec!["prepare", "--plugin", "bao", "--name", "numbers"];
        all.extend_from_slice(arguments);
        sandbox.run(all)
    };
    let input = format!("mean={mean}");
    let misspelt = format!("meen={mean}");
    let texts =
        ["module `bao` has no input `meen`", "did you mean `--input mean=…`?", "mean, covariance, grid"];
    let _ = run(&["--input", &misspelt]).failure(2, &texts);
    let _ = run(&["--input", &input, "--input", &input]).failure(2, &["input `mean` is given twice"]);
    let _ = run(&["--input", mean]).failure(2, &["--input <ROLE=PATH>"]);
    let texts = ["no parameter `fiducial_rd`", "did you mean `--param fiducial_rd_mpc=…`?"];
    let _ = run(&["--input", &input, "--param", "fiducial_rd=147.78"]).failure(2, &texts);
    for (parameter, texts) in [
        (
            "fiducial_rd_mpc=wide",
            &["parameter `fiducial_rd_mpc`: expected a number in Mpc, found `wide`"][..],
        ),
        ("fiducial_rd_mpc=nan", &["parameter `fiducial_rd_mpc`"]),
        ("fiducial_rd_mpc=1", &["fiducial_rd_mpc", "between 120 and 180", "leave the parameter out"]),
        ("fiducial_rd_mpc=100.2", &["fiducial_rd_mpc", "give r_d in Mpc, not in Mpc/h"]),
        ("derive=dv", &["parameter `derive`: expected one of native, ratios, dv_fap"]),
        ("release=sixdf_2012", &["no known release is called `sixdf_2012`", "did you mean `sixdf_2011`?"]),
        ("grid_redshift=0.1", &["grid_redshift", "has no meaning without a grid"]),
        ("quantity=DV_over_rs", &["quantity", "name their quantity themselves"]),
    ] {
        let _ = run(&["--input", &input, "--param", parameter]).failure(16, texts);
    }
    let missing = sandbox.write("bare.txt", "0.5 13.5 DM_over_rs\n");
    let missing = format!("mean={}", missing.display());
    let _ = run(&["--input", &missing]).failure(16, &["input `covariance`", "is missing", "hint: "]);
    nothing_is_registered(&sandbox);
    let (code, answer) = sandbox.run_json(["prepare", "--plugin", "bao", "--input", &misspelt]);
    assert_eq!((code, answer.pointer("/error/code").and_then(Value::as_str)), (Some(2), Some("usage")));
}
