//! Layouts of other programs: what these programs read from them is what was exported, bit for bit.

use libtest_mimic::Trial;
use serde_json::{Value, json};
use tests::Sandbox;
use tests::needs::{Need, releases};

use crate::reference::likelihood::{compare, cosmologies, run};
use crate::reference::{exported, read};
use crate::trial;

pub(crate) fn trials() -> Vec<Trial> {
    use Need::{Numpy, Releases, Sacc};
    vec![
        trial("exports::sacc_reads_the_bundled_dataset", &[Sacc], sacc_reads_the_bundled_dataset),
        trial("exports::sacc_reads_every_probe", &[Sacc, Releases], sacc_reads_every_probe),
        trial("exports::the_same_version_gives_the_same_file", &[], the_same_version_gives_the_same_file),
        trial("exports::cosmosis_gives_the_published_likelihood", &[Numpy, Releases], cosmosis_likelihoods),
    ]
}

/// A release to prepare, and what the layouts must say of it.
struct Sample {
    module: &'static str,
    /// Entry of `oracle.json` that `cosmosis` must reproduce with nothing but the background and the growth of the
    /// oracle's cosmologies.
    oracle: Option<&'static str>,
    /// Files by role, below the folder of the releases; none for what is bundled.
    inputs: &'static [(&'static str, &'static str)],
    /// Tags of the points with the columns they come from; `tracer` stands for the tracer itself, where a column has it.
    tags: &'static [(&'static str, &'static str)],
}

const fn sample(
    module: &'static str,
    oracle: Option<&'static str>,
    inputs: &'static [(&'static str, &'static str)],
    tags: &'static [(&'static str, &'static str)],
) -> Sample {
    Sample { module, oracle, inputs, tags }
}

const BAO_TAGS: &[(&str, &str)] =
    &[("tracer", "tracer"), ("z", "z"), ("quantity", "quantity"), ("unit", "unit")];

/// DESI DR2, all tracers.
const BUNDLED: Sample = sample("bao", Some("bao.desi_dr2_all"), &[], BAO_TAGS);

const SAMPLES: [Sample; 11] = [
    BUNDLED,
    // Union3 publishes one redshift, which stands for both.
    sample("sn", None, &[], &[("z", "z"), ("z_hel", "z"), ("id", "name")]),
    sample(
        "sn",
        None,
        &[("table", "sn/pantheonplus/Pantheon+SH0ES.dat")],
        &[("z", "z"), ("z_hel", "z_hel"), ("id", "name"), ("survey", "survey")],
    ),
    sample(
        "cc",
        Some("cc.simplemc_cov_cc_MM_BC03"),
        &[
            ("table", "cc/moresco2020/HzTable_MM_BC03.dat"),
            ("covariance", "cc/moresco2020/cov_cc_MM_BC03.txt"),
        ],
        &[("z", "z"), ("method", "method")],
    ),
    sample("rsd", None, &[], BAO_TAGS),
    sample("cmb", None, &[], &[("quantity", "parameter"), ("unit", "unit")]),
    sample(
        "bao",
        Some("bao.desi_dr2_bgs"),
        &[
            ("mean", "bao/desi_dr2/desi_gaussian_bao_BGS_BRIGHT-21.35_GCcomb_mean.txt"),
            ("covariance", "bao/desi_dr2/desi_gaussian_bao_BGS_BRIGHT-21.35_GCcomb_cov.txt"),
        ],
        BAO_TAGS,
    ),
    sample(
        "bao",
        Some("bao.sdss_dr12_consensus_final"),
        &[
            ("mean", "bao/sdss_dr12_consensus/sdss_DR12Consensus_final.dat"),
            ("covariance", "bao/sdss_dr12_consensus/final_consensus_covtot_dM_Hz_fsig.txt"),
        ],
        BAO_TAGS,
    ),
    sample(
        "bao",
        Some("bao.sdss_dr16_baoplus_lrg"),
        &[
            ("mean", "rsd/sdss_dr16_baoplus/sdss_DR16_BAOplus_LRG_FSBAO_DMDHfs8.dat"),
            ("covariance", "rsd/sdss_dr16_baoplus/sdss_DR16_BAOplus_LRG_FSBAO_DMDHfs8_covtot.txt"),
        ],
        BAO_TAGS,
    ),
    sample(
        "bao",
        Some("bao.wigglez_recon_DV"),
        &[
            ("mean", "bao/wigglez_recon_DV/wigglez_bao.txt"),
            ("covariance", "bao/wigglez_recon_DV/wigglez_bao_weight.txt"),
        ],
        BAO_TAGS,
    ),
    sample(
        "bao",
        None,
        &[
            ("mean", "bao/mixed_observables_test/test_bao_mixed_observables_mean.txt"),
            ("covariance", "bao/mixed_observables_test/test_bao_mixed_observables_cov.txt"),
        ],
        BAO_TAGS,
    ),
];

/// Prepares a sample, exports it as JSON and in the format, and returns the JSON.
fn prepare(sandbox: &Sandbox, sample: &Sample, name: &str, format: &str) -> Value {
    let mut arguments = ["prepare", "--plugin", sample.module, "--name", name].map(str::to_owned).to_vec();
    for (role, file) in sample.inputs {
        let path = releases().join("cosmology").join(file);
        arguments.extend(["--input".to_owned(), format!("{role}={}", path.display())]);
    }
    let _ = sandbox.run(arguments).success();
    exported(sandbox, name, "json");
    exported(sandbox, name, format);
    serde_json::from_str(&read(sandbox, &format!("{name}.json"))).unwrap()
}

fn read_by_sacc(sandbox: &Sandbox, names: &[String]) -> Value {
    let file = |name: &String| sandbox.path("it's an export").join(format!("{name}.sacc.fits"));
    let jobs: Vec<Value> = names.iter().map(|name| json!({"name": name, "file": file(name)})).collect();
    run(sandbox, "with_sacc.py", &json!({"jobs": jobs}))
}

/// What every file must hold, whatever the probe: `serde_json` reads floats back bit for bit, so equal is identical.
fn assert_same(sample: &Sample, name: &str, found: &Value, exported: &Value) {
    let data = &exported["tables"]["data"];
    let rows = data["observable"].as_array().unwrap().len();
    assert_eq!(found["values"], data["observable"], "{name}");
    assert_eq!(found["covariance"], exported["matrices"]["covariance"], "{name}");
    let mut tags: Vec<(&str, &str)> = sample.tags.to_vec();
    tags.push(("row_id", "row_id"));
    for row in 0..rows {
        let mut point = found["tags"][row].as_object().unwrap().clone();
        let [tracer] = found["tracers"][row].as_array().unwrap().as_slice() else {
            panic!("{name}: one tracer")
        };
        assert!(found["known_tracers"].as_array().unwrap().contains(tracer), "{name}: {tracer}");
        if tags.iter().any(|(tag, _)| *tag == "tracer") {
            point.insert("tracer".to_owned(), tracer.clone());
        }
        assert_eq!(point.len(), tags.len(), "{name}: {point:?}");
        for (tag, column) in &tags {
            assert_eq!(point[*tag], data[*column][row], "{name}, row {row}, `{tag}`");
        }
    }
    let dataset = &exported["dataset"];
    for key in ["name", "version", "title"] {
        assert_eq!(found["metadata"][key], dataset[key], "{name}");
    }
    for (number, citation) in dataset["citations"].as_array().unwrap().iter().enumerate() {
        assert_eq!(found["metadata"][format!("citations_{}_text", number + 1)], citation["text"], "{name}");
    }
    assert!(
        found["metadata"].as_object().unwrap().values().all(|value| !value.is_object() && !value.is_array())
    );
    assert_eq!(
        found["metadata"].get("release").unwrap_or(&Value::Null),
        &dataset["metadata"]["release"],
        "{name}"
    );
}

fn sacc_reads_the_bundled_dataset() {
    let sandbox = Sandbox::new();
    let json = prepare(&sandbox, &BUNDLED, "bundled", "sacc");
    let found = &read_by_sacc(&sandbox, &["bundled".to_owned()])["bundled"];
    assert_same(&BUNDLED, "bundled", found, &json);
    let (dv, dm, dh) = ("galaxy_bao_dvOverRs", "galaxy_bao_dmOverRs", "galaxy_bao_dhOverRs");
    // The Lyman alpha forest has its two rows the other way round.
    assert_eq!(found["types"], json!([dv, dm, dh, dm, dh, dm, dh, dm, dh, dm, dh, dh, dm]));
    assert_eq!(found["tracers"][5], json!(["LRG3+ELG1"]));
    assert_eq!(found["known_tracers"], json!(["BGS", "ELG2", "LRG1", "LRG2", "LRG3+ELG1", "Lya", "QSO"]));
    assert_eq!(found["metadata"]["units_data_z"], "1");
}

fn sacc_reads_every_probe() {
    let sandbox = Sandbox::new();
    let prepared: Vec<(String, &Sample, Value)> = SAMPLES
        .iter()
        .enumerate()
        .map(|(number, sample)| {
            let name = format!("sample_{number}");
            let json = prepare(&sandbox, sample, &name, "sacc");
            (name, sample, json)
        })
        .collect();
    let names: Vec<String> = prepared.iter().map(|(name, ..)| name.clone()).collect();
    let found = read_by_sacc(&sandbox, &names);
    for (name, sample, json) in &prepared {
        assert_same(sample, name, &found[name], json);
    }
}

fn the_same_version_gives_the_same_file() {
    let files = [Sandbox::new(), Sandbox::new()].map(|sandbox| {
        let _ = prepare(&sandbox, &BUNDLED, "bundled", "sacc");
        std::fs::read(sandbox.path("it's an export").join("bundled.sacc.fits")).unwrap()
    });
    assert_eq!(files[0], files[1]);
    assert_eq!(files[0].len() % 2880, 0);
}

fn cosmosis_likelihoods() {
    let sandbox = Sandbox::new();
    let samples = || SAMPLES.iter().filter_map(|sample| Some((sample, sample.oracle?)));
    let jobs: Vec<Value> = samples()
        .map(|(sample, entry)| {
            let name = entry.replace('.', "_");
            let _ = prepare(&sandbox, sample, &name, "cosmosis");
            json!({"name": name, "ini": sandbox.path("it's an export").join(format!("{name}_cosmosis.ini"))})
        })
        .collect();
    let task = json!({"cosmologies": cosmologies(), "jobs": jobs});
    let answer = run(&sandbox, "with_cosmosis.py", &task);
    for (_, entry) in samples() {
        compare(entry, "cosmosis", &answer[entry.replace('.', "_")]);
    }
}
