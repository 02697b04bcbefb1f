//! The likelihood of every entry of the oracle that is no BAO, from exported files alone.

use std::path::PathBuf;
use std::process::Command;

use serde_json::{Value, json};
use tests::needs::{python, releases};
use tests::{Outcome, Sandbox};

use crate::reference::exported;
use crate::reference::likelihood::{TOLERANCE, cosmologies, run};
use crate::reference::releases::document;

/// An entry of the oracle and how to prepare what it stands for.
#[derive(Clone, Copy)]
struct Case {
    entry: &'static str,
    /// Pointer to the number below the label of the cosmology.
    value: &'static str,
    module: &'static str,
    files: &'static [(&'static str, &'static str)],
    parameters: &'static [&'static str],
    /// What the oracle leaves to the analyst, see `oracle.py`.
    option: Option<&'static str>,
}

const PANTHEON_PLUS: &str = "sn/pantheonplus/Pantheon+SH0ES.dat";
/// Stands for the covariance that `make_synth_cov.py` writes.
const SYNTHETIC: &str = "SYNTHETIC";
const MORESCO: &[(&str, &str)] =
    &[("table", "cc/moresco2020/HzTable_MM_BC03.dat"), ("components", "cc/moresco2020/data_MM20.dat")];
const GOLD: &[(&str, &str)] = &[
    ("table", "rsd/gold2018/Table_with_the_data.txt"),
    ("wigglez_block", "rsd/gold2018/Cij_WiggleZ.txt"),
    ("sdss_quasar_block", "rsd/gold2018/Cij_SDSS.txt"),
];

const fn case(
    entry: &'static str,
    value: &'static str,
    module: &'static str,
    files: &'static [(&'static str, &'static str)],
    parameters: &'static [&'static str],
) -> Case {
    Case { entry, value, module, files, parameters, option: None }
}

const fn with_option(option: &'static str, case: Case) -> Case {
    Case { option: Some(option), ..case }
}

const CASES: &[Case] = &[
    case(
        "sn.pantheonplus_SYNTHETIC_cov",
        "/minus2lnL",
        "sn",
        &[("table", PANTHEON_PLUS), ("covariance", SYNTHETIC)],
        &["z_min=0.01"],
    ),
    with_option(
        "fixed_magnitude",
        case(
            "sn.pantheonplus_shoes_SYNTHETIC_cov",
            "/chi2_fixedM",
            "sn",
            &[("table", PANTHEON_PLUS), ("covariance", SYNTHETIC)],
            &["z_min=0.01", "calibrators=include"],
        ),
    ),
    case("sn.pantheonplus_DIAG_zHD>0.01", "/chi2_marg", "sn", &[("table", PANTHEON_PLUS)], &["z_min=0.01"]),
    with_option(
        "fixed_magnitude",
        case(
            "sn.pantheonplus_shoes_DIAG",
            "/chi2_fixedM",
            "sn",
            &[("table", PANTHEON_PLUS)],
            &["z_min=0.01", "calibrators=include"],
        ),
    ),
    case(
        "sn.pantheonplus_DIAG_nocalib",
        "/chi2_marg",
        "sn",
        &[("table", PANTHEON_PLUS)],
        &["z_min=0.01", "calibrators=exclude"],
    ),
    case(
        "sn.union3",
        "/minus2lnL",
        "sn",
        &[("table", "sn/union3/lcparam_full.txt"), ("covariance", "sn/union3/mag_covmat.txt")],
        &[],
    ),
    case(
        "sn.des_dovekie_STATONLY",
        "/minus2lnL",
        "sn",
        &[("table", "sn/des_dovekie/DES-Dovekie_HD.csv"), ("covariance", "sn/des_dovekie/STATONLY.npz")],
        &[],
    ),
    case("sn.desy5_STAT_diag", "/chi2_marg", "sn", &[("table", "sn/desy5/DES-SN5YR_HD.csv")], &[]),
    case(
        "sn.jla_binned31",
        "/chi2_marg",
        "sn",
        &[
            ("table", "sn/jla_binned31/jla_binned_distances_31nodes_v1.txt"),
            ("covariance", "sn/jla_binned31/cov_jla_binned_distances_31nodes_v1.txt"),
        ],
        &[],
    ),
    case(
        "sn.pantheon2018_binned40",
        "/chi2_marg",
        "sn",
        &[
            ("table", "sn/pantheon2018_binned40/lcparam_DS17f.txt"),
            ("covariance", "sn/pantheon2018_binned40/sys_DS17f.txt"),
        ],
        &[],
    ),
    case(
        "sn.union2_nosys",
        "/chi2_marg",
        "sn",
        &[
            ("table", "sn/union2/sn_z_mu_dmu_union2.txt"),
            ("covariance", "sn/union2/sn_covmat_nosys_union2.txt"),
        ],
        &[],
    ),
    case("cc.cc32_diag", "/chi2", "cc", &[("table", "cc/cc32/32CCdata.dat")], &["systematics=none"]),
    case("cc.moresco15_components", "/chi2/diag", "cc", MORESCO, &["systematics=none"]),
    case("cc.moresco15_components", "/chi2/IMF+mod_ooo(default)", "cc", MORESCO, &[]),
    case(
        "cc.moresco15_components",
        "/chi2/IMF+stlib+mod_ooo",
        "cc",
        MORESCO,
        &["systematics=imf+stlib+mod_ooo"],
    ),
    case("cc.moresco15_components", "/chi2/IMF+mod", "cc", MORESCO, &["systematics=imf+mod"]),
    case(
        "cc.moresco15_components",
        "/chi2/IMF+stlib+mod(extra-conservative)",
        "cc",
        MORESCO,
        &["systematics=imf+stlib+mod"],
    ),
    case(
        "cc.simplemc_cov_cc_MM_BC03",
        "/chi2",
        "cc",
        &[
            ("table", "cc/moresco2020/HzTable_MM_BC03.dat"),
            ("covariance", "cc/moresco2020/cov_cc_MM_BC03.txt"),
        ],
        &[],
    ),
    case("rsd.gold2018", "/chi2_noAP", "rsd", GOLD, &[]),
    with_option("alcock_paczynski", case("rsd.gold2018", "/chi2_AP", "rsd", GOLD, &[])),
    case(
        "cmb.chw2019_lcdm",
        "/chi2",
        "cmb",
        &[
            ("priors", "cmb/chw2019_lcdm/distance.ini"),
            ("covariance", "cmb/chw2019_lcdm/Distance_invcov.txt"),
        ],
        &[],
    ),
];

fn name(number: usize, case: &Case) -> String {
    let plain = |letter: char| if letter.is_ascii_alphanumeric() { letter } else { '_' };
    format!("{number:02}_{}", case.entry.replace(|letter: char| plain(letter) == '_', "_"))
}

/// The covariance that stands for the one of Pantheon+, as the tool beside the data writes it.
fn synthetic_covariance(sandbox: &Sandbox) -> PathBuf {
    let path = sandbox.path("work/synthetic.cov");
    let mut tool = Command::new(python());
    tool.arg(releases().join("../tools/make_synth_cov.py"));
    tool.arg(releases().join("cosmology").join(PANTHEON_PLUS)).arg(&path);
    let _ = Outcome::of(&mut tool).success();
    path
}

fn prepare(sandbox: &Sandbox, name: &str, case: &Case, synthetic: &std::path::Path) {
    let mut arguments: Vec<String> =
        ["prepare", "--plugin", case.module, "--name", name].map(str::to_owned).to_vec();
    for (role, file) in case.files {
        let path =
            if *file == SYNTHETIC { synthetic.to_owned() } else { releases().join("cosmology").join(file) };
        arguments.extend(["--input".to_owned(), format!("{role}={}", path.display())]);
    }
    for parameter in case.parameters {
        arguments.extend(["--param".to_owned(), (*parameter).to_owned()]);
    }
    let _ = sandbox.run(arguments).success();
}

/// numpy and scipy on what every format holds.
pub(super) fn with_numpy() {
    let sandbox = Sandbox::new();
    let synthetic = synthetic_covariance(&sandbox);
    let covered: Vec<&str> = CASES.iter().map(|case| case.entry).collect();
    let oracle = document("oracle.json");
    for entry in oracle["public"].as_object().unwrap().keys() {
        // Those have tests of their own; this one is no dataset.
        let elsewhere = entry.starts_with("bao.") || entry == "theory_check";
        assert!(elsewhere || covered.contains(&entry.as_str()), "nothing stands for {entry}");
    }
    let jobs: Vec<Value> = CASES
        .iter()
        .enumerate()
        .map(|(number, case)| {
            let name = name(number, case);
            prepare(&sandbox, &name, case, &synthetic);
            // A matrix of 2.9 million numbers as text is no other test than one of 400.
            let formats: &[&str] = if case.files.iter().any(|(_, file)| *file == SYNTHETIC) {
                &["npz"]
            } else {
                &["npz", "json", "csv", "fit"]
            };
            for format in formats {
                exported(&sandbox, &name, format);
            }
            let directory = sandbox.path("it's an export");
            json!({"name": name, "directory": directory, "formats": formats, "published": {}, "option": case.option})
        })
        .collect();
    let answer = run(&sandbox, "oracle.py", &json!({"cosmologies": cosmologies(), "jobs": jobs}));
    for (number, case) in CASES.iter().enumerate() {
        for (format, found) in answer[name(number, case)].as_object().unwrap() {
            compare(case, format, found);
        }
    }
}

fn compare(case: &Case, format: &str, found: &Value) {
    let oracle = document("oracle.json");
    for label in ["A", "B"] {
        let expected =
            oracle["public"][case.entry][label].pointer(case.value).and_then(Value::as_f64).unwrap();
        let found = found[label].as_f64().unwrap_or(f64::NAN);
        let difference = ((found - expected) / expected).abs();
        assert!(
            difference <= TOLERANCE,
            "{} {} as {format} at {label}: {found}, expected {expected}, off by {difference:.1e}",
            case.entry,
            case.value
        );
    }
}

/// Cobaya's own classes on the settings, table and covariance that were exported.
pub(super) fn with_cobaya() {
    let sandbox = Sandbox::new();
    let synthetic = synthetic_covariance(&sandbox);
    // The others have no `minus2lnL`: Cobaya has no class for them, or no covariance is published.
    let cases: Vec<(usize, &Case)> = CASES
        .iter()
        .enumerate()
        .filter(|(_, case)| case.module == "sn" && case.value == "/minus2lnL")
        .collect();
    let jobs: Vec<Value> = cases
        .iter()
        .map(|(number, case)| {
            let name = name(*number, case);
            prepare(&sandbox, &name, case, &synthetic);
            exported(&sandbox, &name, "cobaya");
            json!({"name": name, "yaml": sandbox.path("it's an export").join(format!("{name}.yaml"))})
        })
        .collect();
    assert_eq!(jobs.len(), 3);
    let task = json!({"cosmologies": cosmologies(), "packages": sandbox.path("packages"), "jobs": jobs});
    let answer = run(&sandbox, "with_cobaya.py", &task);
    for (number, case) in cases {
        compare(case, "cobaya itself", &answer[name(number, case)]);
    }
}
