//! Tables of a paper's source: what stands between `&` in the rows of a LaTeX `tabular`.

use std::borrow::Cow;

/// The first four columns of a LaTeX table as lines of blanks and numbers, each at its line of the file; any other text
/// as it is.
///
/// A row is a line with `&`; one that starts with `$`, a formula, is the heading.
pub(crate) fn plain(text: &str) -> Cow<'_, str> {
    if !text.contains(r"\begin{tabular}") {
        return Cow::Borrowed(text);
    }
    let row = |line: &str| {
        let line = line.trim_start();
        if !line.contains('&') || line.starts_with(['$', '%', '\\']) {
            return String::new();
        }
        let fields = line.split('&').take(4).map(|field| field.trim().trim_end_matches(r"\\").trim_end());
        fields.collect::<Vec<_>>().join(" ")
    };
    Cow::Owned(text.split('\n').map(row).collect::<Vec<_>>().join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_of_a_tabular_keep_their_lines_and_other_text_its_form() {
        let text = "\\begin{tabular}{ccc}\n$z$ & $f$ & Ref. \\\\ \\hline\n0.02 & 0.428 & 0.0465 & 0.3 & \\cite{A} \\\\\r\n\
                    0.1 & 0.37 \\\\\n\\end{tabular}\n";
        assert_eq!(plain(text), "\n\n0.02 0.428 0.0465 0.3\n0.1 0.37\n\n");
        assert_eq!(plain("0.1 0.37 & 1\n"), "0.1 0.37 & 1\n");
    }
}
