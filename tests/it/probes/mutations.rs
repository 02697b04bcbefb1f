//! Every dataset of the catalogues in turn: changed in its numbers, or only in the way they are written down.

use serde_json::{Map, Value, json};
use tests::Sandbox;

use super::{Published, published};
use crate::ingest::packing::{gzip, zstd};
use crate::reference::releases::sha256;

/// Roles of tables whose rows a matrix belongs to, and of matrices.
const TABLES: [&str; 4] = ["mean", "table", "priors", "parameters"];
const MATRIX: &str = "covariance";

/// A manifest of datasets whose files are written beside it and pinned.
struct Batch<'a> {
    sandbox: &'a Sandbox,
    datasets: Map<String, Value>,
}

impl<'a> Batch<'a> {
    fn new(sandbox: &'a Sandbox) -> Self {
        Self { sandbox, datasets: Map::new() }
    }

    fn add(&mut self, name: &str, of: &Published, files: &[(String, Vec<u8>)]) {
        let input = |(role, bytes): &(String, Vec<u8>)| {
            let path = format!("{name}.{role}");
            self.sandbox.write(&path, bytes);
            (role.clone(), json!({"path": path, "sha256": sha256(bytes), "bytes": bytes.len()}))
        };
        let inputs: Map<String, Value> = files.iter().map(input).collect();
        let entry = json!({"module": of.module, "inputs": inputs, "parameters": of.parameters});
        self.datasets.insert(name.to_owned(), entry);
    }

    fn prepare(&self) -> (Option<i32>, Map<String, Value>) {
        let manifest = json!({"schema": "host.datasets/1", "datasets": self.datasets});
        let manifest = self.sandbox.write("datasets.json", manifest.to_string());
        let arguments = ["prepare", "--from", manifest.to_str().unwrap(), "--jobs", "2"];
        let (code, answer) = self.sandbox.run_json(arguments);
        let datasets = answer.pointer("/data/datasets").and_then(Value::as_array).unwrap();
        let by_name = |dataset: &Value| (dataset["name"].as_str().unwrap().to_owned(), dataset.clone());
        (code, datasets.iter().map(by_name).collect())
    }
}

fn files(dataset: &Published) -> Vec<(String, Vec<u8>)> {
    dataset.files.iter().map(|(role, bytes)| (role.clone(), bytes.clone())).collect()
}

/// The files with another text in one role.
fn with(dataset: &Published, role: &str, text: &str) -> Vec<(String, Vec<u8>)> {
    let mut files = files(dataset);
    for (found, bytes) in &mut files {
        if found == role {
            *bytes = text.as_bytes().to_vec();
        }
    }
    files
}

/// The role of the table, its lines, and which of them are rows: those with the fields of the last one.
fn rows(dataset: &Published) -> Option<(String, Vec<String>, Vec<usize>)> {
    let role = TABLES.into_iter().find(|role| dataset.files.contains_key(*role))?;
    let text = String::from_utf8(dataset.files[role].clone()).ok()?;
    let lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let fields = |line: &str| line.split([' ', '\t', ',', '&']).filter(|field| !field.is_empty()).count();
    let has_number = |line: &str| line.split([' ', '\t', ',']).any(|field| field.parse::<f64>().is_ok());
    let last = lines.iter().rfind(|line| has_number(line))?;
    let count = fields(last);
    // Where lines say what they are, `mean` and `cov` may stand in any order, but not the rows of the matrix.
    let keyword = if last.starts_with("cov ") { "cov " } else { "" };
    let is_row = |line: &String| {
        !line.starts_with('#') && line.starts_with(keyword) && has_number(line) && fields(line) == count
    };
    let rows: Vec<usize> = (0..lines.len()).filter(|&index| is_row(&lines[index])).collect();
    (rows.len() > 1).then(|| (role.to_owned(), lines, rows))
}

fn nothing_is_registered(sandbox: &Sandbox) {
    assert_eq!(sandbox.json(["list"]).pointer("/data/datasets").unwrap(), &json!([]));
    assert!(tests::tree(&sandbox.data_root().join("derived")).is_empty());
}

/// A row dropped, two rows of the table alone exchanged, the matrix shuffled: each is refused with the input's name.
pub(super) fn refused() {
    let sandbox = Sandbox::new();
    let mut batch = Batch::new(&sandbox);
    let all = published();
    for dataset in all.iter().filter(|dataset| dataset.module != "bao") {
        let Some((role, lines, rows)) = rows(dataset) else { continue };
        let mut dropped = lines.clone();
        dropped.remove(rows[rows.len() - 1]);
        batch.add(&format!("{}.dropped", dataset.name), dataset, &with(dataset, &role, &dropped.join("\n")));
        let mut swapped = lines.clone();
        swapped.swap(rows[0], rows[1]);
        batch.add(&format!("{}.swapped", dataset.name), dataset, &with(dataset, &role, &swapped.join("\n")));
        if let Some(text) = dataset.files.get(MATRIX).and_then(|bytes| std::str::from_utf8(bytes).ok()) {
            let shuffled = with(dataset, MATRIX, &shuffled(text));
            batch.add(&format!("{}.shuffled", dataset.name), dataset, &shuffled);
        }
    }
    assert!(batch.datasets.len() > 25, "{:?}", batch.datasets.keys());
    let (_, datasets) = batch.prepare();
    for (name, dataset) in &datasets {
        assert_eq!(dataset["status"], "failed", "{name} was accepted");
        let error = &dataset["error"];
        let code = error["code"].as_str().unwrap();
        assert!(matches!(code, "bad-input" | "check-failed"), "{name}: {error}");
        assert!(error.to_string().contains("input `"), "{name} names no input: {error}");
        assert!(!error["hints"].as_array().unwrap().is_empty(), "{name} has no hint: {error}");
    }
    nothing_is_registered(&sandbox);
}

/// The last row and column of a matrix of text moved to the front, in whatever layout it is written.
fn shuffled(text: &str) -> String {
    let is_matrix_line = |line: &&str| !line.starts_with('#') && !line.trim().is_empty();
    let lines: Vec<&str> = text.lines().filter(is_matrix_line).collect();
    let (mut heading, mut numbers): (Vec<&str>, Vec<&str>) = (Vec::new(), Vec::new());
    for (index, line) in lines.iter().enumerate() {
        let fields: Vec<&str> = line.split_whitespace().collect();
        // `mean 1 2 3` and the size on the first line are no elements; `cov` before a row is none either.
        let is_size = index == 0 && fields.len() <= 2 && lines.len() > 2 && fields[0].parse::<u32>().is_ok();
        if is_size || fields[0] == "mean" {
            heading.push(line);
        } else {
            numbers.extend(fields.iter().filter(|field| field.parse::<f64>().is_ok()));
        }
    }
    let size = numbers.len().isqrt();
    assert_eq!(size * size, numbers.len(), "not a matrix: {} numbers", numbers.len());
    let row = |row: usize| -> String {
        let element = |column: usize| numbers[(row + size - 1) % size * size + (column + size - 1) % size];
        (0..size).map(element).collect::<Vec<_>>().join(" ")
    };
    heading.iter().map(|&line| line.to_owned()).chain((0..size).map(row)).collect::<Vec<_>>().join("\n")
}

/// Line ends, a byte order mark, trailing blank lines and compression change no version.
pub(super) fn the_same() {
    let sandbox = Sandbox::new();
    let mut batch = Batch::new(&sandbox);
    let all = published();
    let others = || all.iter().filter(|dataset| dataset.module != "bao");
    for (number, dataset) in others().enumerate() {
        let name = &dataset.name;
        batch.add(&format!("{name}.plain"), dataset, &files(dataset));
        let dressed = |bytes: &Vec<u8>| match std::str::from_utf8(bytes) {
            Ok(text) => {
                let text = text.trim_end().replace("\r\n", "\n").replace('\n', "\r\n");
                format!("\u{feff}{text}\r\n \r\n\r\n\n").into_bytes()
            }
            // A binary file has no line ends.
            Err(_) => bytes.clone(),
        };
        let dressed: Vec<_> =
            files(dataset).iter().map(|(role, bytes)| (role.clone(), dressed(bytes))).collect();
        batch.add(&format!("{name}.dressed"), dataset, &dressed);
        let pack = |index: usize, bytes: &[u8]| {
            if (number + index).is_multiple_of(2) { gzip(bytes) } else { zstd(bytes) }
        };
        let packed: Vec<_> = files(dataset)
            .iter()
            .enumerate()
            .map(|(index, (role, bytes))| (role.clone(), pack(index, bytes)))
            .collect();
        batch.add(&format!("{name}.packed"), dataset, &packed);
    }
    let (code, datasets) = batch.prepare();
    assert_eq!(code, Some(0), "{datasets:#?}");
    for dataset in others() {
        let of = |kind: &str| datasets[&format!("{}.{kind}", dataset.name)]["dataset"]["version"].clone();
        assert_eq!(of("dressed"), of("plain"), "{}", dataset.name);
        assert_eq!(of("packed"), of("plain"), "{}", dataset.name);
    }
}

/// A byte changed after the manifest was written.
pub(super) fn untrusted() {
    let sandbox = Sandbox::new();
    let mut batch = Batch::new(&sandbox);
    let all = published();
    let changed = |number: usize, dataset: &Published| {
        let files: Vec<_> = dataset.files.iter().collect();
        let (role, bytes) = files[number % files.len()];
        let mut bytes = bytes.clone();
        let middle = bytes.len() / 2;
        let digit = (middle..bytes.len()).find(|&at| bytes[at].is_ascii_digit()).unwrap_or(middle);
        bytes[digit] ^= 1;
        (role.clone(), bytes)
    };
    for dataset in &all {
        batch.add(&dataset.name, dataset, &files(dataset));
    }
    for (number, dataset) in all.iter().enumerate() {
        let (role, bytes) = changed(number, dataset);
        sandbox.write(&format!("{}.{role}", dataset.name), bytes);
    }
    // The manifest keeps the digests of the files as they were.
    let (code, datasets) = batch.prepare();
    assert_eq!(code, Some(12), "every one failed for the same reason");
    for (number, dataset) in all.iter().enumerate() {
        let error = &datasets[&dataset.name]["error"];
        let (role, _) = changed(number, dataset);
        assert_eq!(error["code"], "untrusted", "{}: {error}", dataset.name);
        assert_eq!(error["message"], format!("input `{role}` is not the file that the manifest pins"));
    }
    nothing_is_registered(&sandbox);
}
