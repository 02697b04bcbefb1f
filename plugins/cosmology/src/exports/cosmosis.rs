//! `cosmosis`: files for CosmoSIS 3 and a section of its parameter file.
//!
//! Supernovae go to `likelihood/pantheon_plus` of the standard library, which reads any table with its columns. For
//! everything else the library's likelihoods carry their numbers in their code (DESI DR1 and DR2, 6dFGS, MGS), want a
//! layout of their own each (BOSS DR12), or do not exist (cosmic chronometers, the compilations of f sigma8), so the
//! layout brings a small likelihood along, derived from CosmoSIS's own `GaussianLikelihood`.
//!
//! CosmoSIS imports that file by its name, so it cannot have a point in it: nor can the dataset's.

use plugin_api::{Derived, ExportContent, ExportFormat};

use super::{COVARIANCE, TABLE, file};

/// What a row measures, in the labels that [`sacc::data_type`](super::sacc::data_type) lists.
#[derive(Debug, Clone, Copy)]
pub enum Quantity<'a> {
    /// A column of the table says it.
    Column(&'a str),
    /// Every row measures this.
    Every(&'a str),
}

/// Measurements with a Gaussian likelihood.
#[derive(Debug, Clone, Copy)]
pub struct Gaussian<'a> {
    /// What the rows measure.
    pub quantity: Quantity<'a>,
    /// The column of redshifts; `None` for a compressed CMB.
    pub redshift: Option<&'a str>,
    /// What r_d of the theory is multiplied by wherever it enters; 1 for none.
    pub ruler_scale: f64,
}

/// Adds the layout `cosmosis` to measurements.
#[must_use]
pub fn add_gaussian<'a>(derived: Derived<'a>, gaussian: &Gaussian) -> Derived<'a> {
    let mut names = vec!["value"];
    let mut columns = vec!["observable"];
    let mut options = Vec::new();
    if let Some(redshift) = gaussian.redshift {
        names.push("z");
        columns.push(redshift);
    }
    match gaussian.quantity {
        Quantity::Column(column) => {
            names.push("quantity");
            columns.push(column);
        }
        Quantity::Every(quantity) => options.push(format!("quantity = {quantity}\n")),
    }
    if gaussian.ruler_scale.to_bits() != 1.0_f64.to_bits() {
        options.push(format!("ruler_scale = {:?}\n", gaussian.ruler_scale));
    }
    let header = format!("# {}", names.join(" "));
    let ini = format!(
        "; Include this file in a parameter file of CosmoSIS, and name {{name}} in `modules` and `likelihoods`.\n\
         [{{name}}]\nfile = {{folder}}/{{name}}_cosmosis.py\n{}",
        options.concat()
    );
    let python = include_str!("cosmosis_gaussian.py").to_owned();
    let format = ExportFormat {
        meaning: "CosmoSIS 3: vector, covariance, a likelihood that reads them, and its section".to_owned(),
        files: vec![
            file("_cosmosis_data.txt", table(&columns, header)),
            file("_cosmosis_cov.txt", covariance(false)),
            file("_cosmosis.py", ExportContent::Text { text: python }),
            file("_cosmosis.ini", ExportContent::Text { text: ini }),
        ],
    };
    derived.export("cosmosis", format)
}

/// Adds the layout `cosmosis` to supernovae. `rows` is a table with the heading `zHD zHEL m_b_corr`, and for
/// calibrators `IS_CALIBRATOR CEPH_DIST`. The reader leaves out what lies below redshift 0.01 and does not calibrate,
/// and adds `supernova_params--M` to the theory.
#[must_use]
pub fn add_supernovae(derived: Derived<'_>, rows: ExportContent, with_calibrators: bool) -> Derived<'_> {
    let shoes = if with_calibrators { "T" } else { "F" };
    let ini = format!(
        "; Include this file in a parameter file of CosmoSIS, and name {{name}} in `modules` and `likelihoods`. Its values\n\
         ; file needs M in [supernova_params]: the absolute magnitude, or an offset where the data are distance moduli.\n\
         [{{name}}]\n\
         file = ${{CSL_DIR}}/likelihood/pantheon_plus/pantheon_plus_shoes.py\n\
         like_name = {{name}}\n\
         data_file = {{folder}}/{{name}}_cosmosis_data.txt\n\
         covmat_file = {{folder}}/{{name}}_cosmosis_cov.txt\n\
         include_shoes = {shoes}\n"
    );
    let format = ExportFormat {
        meaning: "CosmoSIS 3: table and covariance for likelihood/pantheon_plus, and its section".to_owned(),
        files: vec![
            file("_cosmosis_data.txt", rows),
            file("_cosmosis_cov.txt", covariance(true)),
            file("_cosmosis.ini", ExportContent::Text { text: ini }),
        ],
    };
    derived.export("cosmosis", format)
}

fn table(columns: &[&str], header: String) -> ExportContent {
    ExportContent::Columns {
        table: TABLE.to_owned(),
        columns: columns.iter().map(|&column| column.to_owned()).collect(),
        header: Some(header),
    }
}

fn covariance(leading_size: bool) -> ExportContent {
    ExportContent::Matrix { matrix: COVARIANCE.to_owned(), leading_size }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(derived: Derived) -> Vec<(String, ExportContent)> {
        let mut exports = derived.exports;
        let format = exports.remove("cosmosis").expect("it was added");
        format.files.into_iter().map(|file| (file.suffix, file.content)).collect()
    }

    fn columns(content: &ExportContent) -> (Vec<&str>, &str) {
        let ExportContent::Columns { columns, header, .. } = content else { panic!("columns") };
        (columns.iter().map(String::as_str).collect(), header.as_deref().unwrap_or_default())
    }

    fn text(content: &ExportContent) -> &str {
        let ExportContent::Text { text } = content else { panic!("a text") };
        text
    }

    #[test]
    fn what_all_rows_measure_stands_in_the_section() {
        let growth =
            Gaussian { quantity: Quantity::Every("f_sigma8"), redshift: Some("z"), ruler_scale: 1.0 };
        let files = files(add_gaussian(Derived::new("vector"), &growth));
        assert_eq!(columns(&files[0].1), (vec!["observable", "z"], "# value z"));
        let section = "[{name}]\nfile = {folder}/{name}_cosmosis.py\nquantity = f_sigma8\n";
        assert!(text(&files[3].1).ends_with(section), "{}", text(&files[3].1));
        // The host fills in `{name}`, and the two placeholders below must not be met by chance.
        assert!(!text(&files[2].1).contains("{folder}") && !text(&files[2].1).contains("{directory}"));
    }

    #[test]
    fn a_compressed_microwave_background_has_no_redshift() {
        let priors = Gaussian { quantity: Quantity::Column("quantity"), redshift: None, ruler_scale: 1.0 };
        let files = files(add_gaussian(Derived::new("vector"), &priors));
        assert_eq!(columns(&files[0].1), (vec!["observable", "quantity"], "# value quantity"));
    }

    #[test]
    fn supernovae_go_to_pantheon_plus() {
        let rows = ExportContent::Text { text: "zHD zHEL m_b_corr\n".to_owned() };
        let files = |calibrated| files(add_supernovae(Derived::new("vector"), rows.clone(), calibrated));
        let with = files(true);
        assert_eq!(with[0], ("_cosmosis_data.txt".to_owned(), rows.clone()));
        assert!(matches!(with[1].1, ExportContent::Matrix { leading_size: true, .. }));
        assert!(
            text(&with[2].1).contains("covmat_file = {folder}/{name}_cosmosis_cov.txt\ninclude_shoes = T\n")
        );
        assert!(text(&files(false)[2].1).contains("include_shoes = F\n"));
    }
}
