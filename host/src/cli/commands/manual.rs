//! The operators' manual as a manual page: `docs/operating.md`, of which it knows headings, paragraphs and blocks.

use clap_mangen::roff::{Inline, Roff, bold, roman};

/// The manual in Markdown.
pub(super) const OPERATING: &str = include_str!("../../../docs/operating.md");

/// What `host man` calls it.
pub(super) const NAME: &str = "operating";

/// The manual in roff.
pub(super) fn page() -> String {
    let mut page = Roff::new();
    page.control("TH", ["host-operating", "7"]);
    let mut paragraph: Vec<Inline> = Vec::new();
    let mut in_block = false;
    for line in OPERATING.lines() {
        let ends = line.is_empty() || line.starts_with('#') || line.starts_with("```");
        if ends && !in_block && !paragraph.is_empty() {
            page.control("PP", []);
            page.text(std::mem::take(&mut paragraph));
        }
        if line.starts_with("```") {
            in_block = !in_block;
            page.control(if in_block { "RS" } else { "fi" }, []);
            page.control(if in_block { "nf" } else { "RE" }, []);
        } else if in_block {
            page.text([roman(line)]);
        } else if let Some(heading) = line.strip_prefix("### ") {
            page.control("SS", [heading]);
        } else if let Some(heading) = line.strip_prefix("## ").or_else(|| line.strip_prefix("# ")) {
            page.control("SH", [heading]);
        } else if !line.is_empty() {
            // Every other piece stands between backticks.
            paragraph.extend(line.split('`').enumerate().map(|(place, piece)| match place % 2 {
                0 => roman(piece),
                _ => bold(piece),
            }));
            paragraph.push(roman(" "));
        }
    }
    if !paragraph.is_empty() {
        page.control("PP", []);
        page.text(paragraph);
    }
    page.render()
}

#[cfg(test)]
mod tests {
    use super::{OPERATING, page};

    #[test]
    fn every_heading_and_command_is_on_the_page() {
        let page = page().replace("\\-", "-");
        for line in OPERATING.lines() {
            let text = line.trim_start_matches('#').trim();
            if line.starts_with('#') || line.starts_with("host ") {
                assert!(page.contains(text), "{text} is not in\n{page}");
            }
        }
        // Backticks are left where a block shows them, in what the host prints.
        let mut in_block = false;
        let printed = OPERATING.lines().filter(|line| {
            in_block ^= line.starts_with("```");
            in_block && !line.starts_with("```")
        });
        let printed: usize = printed.map(|line| line.matches('`').count()).sum();
        assert_eq!(page.matches('`').count(), printed, "{page}");
    }
}
