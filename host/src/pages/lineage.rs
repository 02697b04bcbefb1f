//! Where a version comes from, as a line with a stop for every input, the module, the version, and what was current
//! before it. Made for any width: one column, the newest at its end.

use std::fmt::Write;

use serde_json::Value;

use crate::picture::escaped;
use crate::registry::Record;
use crate::text::bytes;

/// More inputs are told by their number.
const MOST_INPUTS: usize = 20;

const WIDTH: usize = 420;
const STEP: usize = 46;
const TRUNK: usize = 16;
const BRANCH: usize = 40;

/// Letters that fit beside a stop.
const LONGEST: usize = 48;

struct Stop {
    class: &'static str,
    first: String,
    second: String,
    /// All of it, for whoever points at the stop.
    whole: String,
}

/// The picture.
pub(super) fn picture(record: &Record) -> String {
    let text = |pointer: &str| record.provenance.pointer(pointer).map(plain).unwrap_or_default();
    let inputs = record.provenance.pointer("/recipe/inputs").and_then(Value::as_array);
    let inputs = inputs.map_or(&[][..], Vec::as_slice);
    let mut stops: Vec<Stop> = inputs.iter().take(MOST_INPUTS).map(input).collect();
    if inputs.len() > MOST_INPUTS {
        let (first, second) = (format!("and {} more", inputs.len() - MOST_INPUTS), "inputs".to_owned());
        stops.push(Stop { class: "input", whole: first.clone(), first, second });
    }
    let sha256 = text("/recipe/module/sha256");
    stops.push(Stop {
        class: "module",
        first: format!("{} {}", text("/recipe/module/id"), text("/recipe/module/version")),
        second: format!("module, library {}", short(&sha256)),
        whole: format!("sha256 {sha256}, recipe {}", record.recipe),
    });
    stops.push(Stop {
        class: "result",
        first: record.name.to_string(),
        second: format!("version {}", record.version.short()),
        whole: format!("{}, registered {}", record.version, record.registered_at),
    });
    // The same content, derived anew, was never replaced.
    if let Some(previous) = record.previous.as_ref().filter(|previous| **previous != record.version) {
        stops.push(Stop {
            class: "earlier",
            first: previous.short(),
            second: "was current before".to_owned(),
            whole: previous.to_string(),
        });
    }
    draw(record.name.as_str(), &stops)
}

fn input(input: &Value) -> Stop {
    let text = |key: &str| input.get(key).map(plain).unwrap_or_default();
    let size = input.get("raw_bytes").and_then(Value::as_u64).map(bytes).unwrap_or_default();
    let sha256 = text("raw_sha256");
    let file = text("file");
    let name = file.rsplit('/').next().unwrap_or_default();
    Stop {
        class: "input",
        first: if name.is_empty() { text("role") } else { name.to_owned() },
        second: format!("{}, {size}, sha256 {}", text("role"), short(&sha256)),
        whole: format!("{file}, sha256 {sha256}"),
    }
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn short(digest: &str) -> String {
    digest.chars().take(12).collect()
}

fn fitting(text: &str) -> String {
    if text.chars().count() <= LONGEST {
        return escaped(text);
    }
    let cut: String = text.chars().take(LONGEST - 1).collect();
    escaped(&format!("{cut}…"))
}

fn draw(name: &str, stops: &[Stop]) -> String {
    let height = stops.len() * STEP;
    let middle = |place: usize| place * STEP + STEP / 2;
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" viewBox=\"0 0 {WIDTH} {height}\" font-size=\"14\">\n\
         <title>How {} came about</title>\n",
        escaped(name)
    );
    let mut push = |text: std::fmt::Arguments<'_>| {
        // Memory takes every write.
        let _ = out.write_fmt(text);
    };
    let is_input = |stop: &Stop| stop.class == "input";
    let trunk = stops.iter().position(|stop| !is_input(stop)).unwrap_or(0);
    for (place, _) in stops.iter().enumerate().filter(|(_, stop)| is_input(stop)) {
        let (from, to) = (middle(place), middle(trunk));
        push(format_args!(
            "<path class=\"rail\" d=\"M{BRANCH} {from}H{}Q{TRUNK} {from} {TRUNK} {}V{to}\"/>\n",
            TRUNK + 14,
            from + 14
        ));
    }
    if let Some(last) = stops.len().checked_sub(1) {
        let (from, to) = (middle(trunk), middle(last));
        push(format_args!("<path class=\"rail\" d=\"M{TRUNK} {from}V{to}\"/>\n"));
    }
    for (place, stop) in stops.iter().enumerate() {
        let y = middle(place);
        let x = if is_input(stop) { BRANCH } else { TRUNK };
        let class = stop.class;
        push(format_args!("<g><title>{}</title>", escaped(&stop.whole)));
        match class {
            "module" => push(format_args!(
                "<rect class=\"{class}\" x=\"{}\" y=\"{}\" width=\"16\" height=\"16\" rx=\"3\"/>",
                x - 8,
                y - 8
            )),
            _ => push(format_args!("<circle class=\"{class}\" cx=\"{x}\" cy=\"{y}\" r=\"7\"/>")),
        }
        let text = x + 20;
        push(format_args!(
            "<text x=\"{text}\" y=\"{}\" font-weight=\"600\">{}</text>",
            y - 2,
            fitting(&stop.first)
        ));
        push(format_args!(
            "<text class=\"second\" x=\"{text}\" y=\"{}\" font-size=\"12\">{}</text></g>\n",
            y + 14,
            fitting(&stop.second)
        ));
    }
    out.push_str("</svg>\n");
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_input_meets_the_module_and_words_stay_words() {
        let stop = |class, text: &str| Stop {
            class,
            first: text.to_owned(),
            second: "x".repeat(500),
            whole: "</title><script>".to_owned(),
        };
        let stops = [stop("input", "a<b"), stop("input", "b"), stop("module", "m 1"), stop("result", "r")];
        let svg = draw("<name>", &stops);
        assert_eq!(svg.matches("class=\"rail\"").count(), 3, "{svg}");
        assert!(svg.contains("a&lt;b") && svg.contains("&lt;name&gt;") && !svg.contains("<script"), "{svg}");
        assert!(svg.lines().all(|line| line.len() < 400), "long words are cut");
        assert!(draw("empty", &[]).contains("</svg>"));
    }
}
