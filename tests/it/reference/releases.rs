//! The published files by release, with the name that the module gives each, and how to prepare them.

use std::path::PathBuf;

use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use tests::Sandbox;
use tests::needs::releases;

/// A published set of files.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Release {
    /// The module's name of it.
    pub(crate) name: &'static str,
    /// Its files by role, below the folder of the releases.
    pub(crate) files: &'static [(&'static str, &'static str)],
    /// Its entry of `oracle.json`.
    pub(crate) oracle: Option<&'static str>,
}

const fn release(
    name: &'static str,
    oracle: Option<&'static str>,
    files: &'static [(&'static str, &'static str)],
) -> Release {
    Release { name, files, oracle }
}

/// 6dFGS, Beutler et al. 2011, arXiv:1106.3366, abstract: r_s/D_V(0.106) = 0.336 ± 0.015. There is no file of it.
pub(crate) const SIX_DEGREE_FIELD: &str = "0.106 0.336 0.015 rs_over_DV\n";

/// r_s by Eisenstein and Hu over r_d, 153.9/149.8, rounded as Cobaya has it.
pub(crate) const SIX_DEGREE_FIELD_RESCALE: &str = "1.027369826";

/// Every release that has files.
pub(crate) const RELEASES: [Release; 27] = [
    release(
        "desi_dr2",
        Some("bao.desi_dr2_all"),
        &[
            ("mean", "bao/desi_dr2/desi_gaussian_bao_ALL_GCcomb_mean.txt"),
            ("covariance", "bao/desi_dr2/desi_gaussian_bao_ALL_GCcomb_cov.txt"),
        ],
    ),
    release(
        "desi_dr2_bgs",
        Some("bao.desi_dr2_bgs"),
        &[
            ("mean", "bao/desi_dr2/desi_gaussian_bao_BGS_BRIGHT-21.35_GCcomb_mean.txt"),
            ("covariance", "bao/desi_dr2/desi_gaussian_bao_BGS_BRIGHT-21.35_GCcomb_cov.txt"),
        ],
    ),
    release(
        "desi_dr2_lrg1",
        Some("bao.desi_dr2_lrg1"),
        &[
            ("mean", "bao/desi_dr2/desi_gaussian_bao_LRG_GCcomb_z0.4-0.6_mean.txt"),
            ("covariance", "bao/desi_dr2/desi_gaussian_bao_LRG_GCcomb_z0.4-0.6_cov.txt"),
        ],
    ),
    release(
        "desi_dr2_lrg2",
        Some("bao.desi_dr2_lrg2"),
        &[
            ("mean", "bao/desi_dr2/desi_gaussian_bao_LRG_GCcomb_z0.6-0.8_mean.txt"),
            ("covariance", "bao/desi_dr2/desi_gaussian_bao_LRG_GCcomb_z0.6-0.8_cov.txt"),
        ],
    ),
    release(
        "desi_dr2_lrg3_elg1",
        Some("bao.desi_dr2_lrg3pluselg1"),
        &[
            ("mean", "bao/desi_dr2/desi_gaussian_bao_LRG+ELG_LOPnotqso_GCcomb_mean.txt"),
            ("covariance", "bao/desi_dr2/desi_gaussian_bao_LRG+ELG_LOPnotqso_GCcomb_cov.txt"),
        ],
    ),
    release(
        "desi_dr2_elg2",
        Some("bao.desi_dr2_elg2"),
        &[
            ("mean", "bao/desi_dr2/desi_gaussian_bao_ELG_LOPnotqso_GCcomb_z1.1-1.6_mean.txt"),
            ("covariance", "bao/desi_dr2/desi_gaussian_bao_ELG_LOPnotqso_GCcomb_z1.1-1.6_cov.txt"),
        ],
    ),
    release(
        "desi_dr2_qso",
        Some("bao.desi_dr2_qso"),
        &[
            ("mean", "bao/desi_dr2/desi_gaussian_bao_QSO_GCcomb_mean.txt"),
            ("covariance", "bao/desi_dr2/desi_gaussian_bao_QSO_GCcomb_cov.txt"),
        ],
    ),
    release(
        "desi_dr2_lya",
        Some("bao.desi_dr2_lya"),
        &[
            ("mean", "bao/desi_dr2/desi_gaussian_bao_Lya_GCcomb_mean.txt"),
            ("covariance", "bao/desi_dr2/desi_gaussian_bao_Lya_GCcomb_cov.txt"),
        ],
    ),
    release(
        "desi_dr1",
        Some("bao.desi_dr1_all"),
        &[
            ("mean", "bao/desi_dr1/desi_2024_gaussian_bao_ALL_GCcomb_mean.txt"),
            ("covariance", "bao/desi_dr1/desi_2024_gaussian_bao_ALL_GCcomb_cov.txt"),
        ],
    ),
    release(
        "desi_dr1_eboss_lya",
        None,
        &[
            ("mean", "bao/desi_dr1/desi_2024_eboss_gaussian_bao_Lya_GCcomb_mean.txt"),
            ("covariance", "bao/desi_dr1/desi_2024_eboss_gaussian_bao_Lya_GCcomb_cov.txt"),
        ],
    ),
    release(
        "sdss_dr12_consensus_bao",
        Some("bao.sdss_dr12_consensus_bao"),
        &[
            ("mean", "bao/sdss_dr12_consensus/sdss_DR12Consensus_bao.dat"),
            ("covariance", "bao/sdss_dr12_consensus/BAO_consensus_covtot_dM_Hz.txt"),
        ],
    ),
    release(
        "sdss_dr12_consensus_full_shape",
        None,
        &[
            ("mean", "bao/sdss_dr12_consensus/sdss_DR12Consensus_FS.dat"),
            ("covariance", "bao/sdss_dr12_consensus/FS_consensus_covtot_dM_Hz_fsig.txt"),
        ],
    ),
    release(
        "sdss_dr12_consensus_final",
        Some("bao.sdss_dr12_consensus_final"),
        &[
            ("mean", "bao/sdss_dr12_consensus/sdss_DR12Consensus_final.dat"),
            ("covariance", "bao/sdss_dr12_consensus/final_consensus_covtot_dM_Hz_fsig.txt"),
        ],
    ),
    release(
        "sdss_dr12_consensus_bao_dv_fap",
        None,
        &[
            ("mean", "bao/dr12_dv_fap/BAO_consensus_results_dV_FAP.dat"),
            ("covariance", "bao/dr12_dv_fap/BAO_consensus_covtot_dV_FAP.txt"),
        ],
    ),
    release(
        "sdss_dr12_consensus_final_dv_fap",
        None,
        &[
            ("mean", "bao/dr12_dv_fap/final_consensus_results_dV_FAP_fsig.dat"),
            ("covariance", "bao/dr12_dv_fap/final_consensus_covtot_dV_FAP_fsig.txt"),
        ],
    ),
    release(
        "sdss_dr12_lrg_bao",
        Some("bao.sdss_dr12_lrg_bao_dmdh"),
        &[
            ("mean", "bao/sdss_dr16_bao/sdss_DR12_LRG_BAO_DMDH.dat"),
            ("covariance", "bao/sdss_dr16_bao/sdss_DR12_LRG_BAO_DMDH_covtot.txt"),
        ],
    ),
    release(
        "sdss_dr16_lrg_bao",
        Some("bao.sdss_dr16_lrg_bao_dmdh"),
        &[
            ("mean", "bao/sdss_dr16_bao/sdss_DR16_LRG_BAO_DMDH.dat"),
            ("covariance", "bao/sdss_dr16_bao/sdss_DR16_LRG_BAO_DMDH_covtot.txt"),
        ],
    ),
    release(
        "sdss_dr16_qso_bao",
        Some("bao.sdss_dr16_qso_bao_dmdh"),
        &[
            ("mean", "bao/sdss_dr16_bao/sdss_DR16_QSO_BAO_DMDH.txt"),
            ("covariance", "bao/sdss_dr16_bao/sdss_DR16_QSO_BAO_DMDH_covtot.txt"),
        ],
    ),
    release(
        "sdss_dr16_elg_bao",
        Some("bao.sdss_dr16_bao_elg"),
        &[("grid", "bao/sdss_dr16_bao/sdss_DR16_ELG_BAO_DVtable.txt")],
    ),
    release(
        "sdss_dr16_lya_auto",
        Some("bao.sdss_dr16_baoplus_lyauto"),
        &[("grid", "bao/sdss_dr16_bao/sdss_DR16_LYAUTO_BAO_DMDHgrid.txt")],
    ),
    // The same numbers under a heading, from another repository.
    release(
        "sdss_dr16_lya_auto",
        None,
        &[("grid", "bao/sdss_dr16_lya_other_packaging/sdss_DR16_LYAUTO_BAO_DMDHgrid.txt")],
    ),
    release(
        "sdss_dr16_lrg_bao_plus",
        Some("bao.sdss_dr16_baoplus_lrg"),
        &[
            ("mean", "rsd/sdss_dr16_baoplus/sdss_DR16_BAOplus_LRG_FSBAO_DMDHfs8.dat"),
            ("covariance", "rsd/sdss_dr16_baoplus/sdss_DR16_BAOplus_LRG_FSBAO_DMDHfs8_covtot.txt"),
        ],
    ),
    release(
        "sdss_dr16_qso_bao_plus",
        Some("bao.sdss_dr16_baoplus_qso"),
        &[
            ("mean", "rsd/sdss_dr16_baoplus/sdss_DR16_BAOplus_QSO_FSBAO_DMDHfs8.dat"),
            ("covariance", "rsd/sdss_dr16_baoplus/sdss_DR16_BAOplus_QSO_FSBAO_DMDHfs8_covtot.txt"),
        ],
    ),
    release("sdss_dr7_mgs", Some("bao.sdss_dr7_mgs"), &[("grid", "bao/sdss_dr7_mgs/sdss_MGS_prob.txt")]),
    release(
        "sdss_dr7_mgs_dv_fs8",
        None,
        &[
            ("mean", "rsd/sdss_mgs_dvfs8/sdss_MGS_FSBAO_DVfs8.txt"),
            ("covariance", "rsd/sdss_mgs_dvfs8/sdss_MGS_FSBAO_DVfs8_covtot.txt"),
        ],
    ),
    release(
        "wigglez_recon",
        Some("bao.wigglez_recon_DV"),
        &[
            ("mean", "bao/wigglez_recon_DV/wigglez_bao.txt"),
            ("covariance", "bao/wigglez_recon_DV/wigglez_bao_weight.txt"),
        ],
    ),
    release(
        "mixed_observables_test",
        None,
        &[
            ("mean", "bao/mixed_observables_test/test_bao_mixed_observables_mean.txt"),
            ("covariance", "bao/mixed_observables_test/test_bao_mixed_observables_cov.txt"),
        ],
    ),
];

impl Release {
    /// The file of a role.
    pub(crate) fn file(&self, role: &str) -> Option<PathBuf> {
        let (_, file) = self.files.iter().find(|(name, _)| *name == role)?;
        Some(releases().join("cosmology").join(file))
    }

    /// The text of the file of a role.
    pub(crate) fn text(&self, role: &str) -> String {
        std::fs::read_to_string(self.file(role).unwrap()).unwrap()
    }

    /// Arguments that prepare its files under a name.
    pub(crate) fn prepare(&self, name: &str) -> Vec<String> {
        let mut arguments: Vec<String> =
            ["prepare", "--plugin", "bao", "--name", name].map(str::to_owned).to_vec();
        for (role, _) in self.files {
            let path = self.file(role).unwrap();
            arguments.extend(["--input".to_owned(), format!("{role}={}", path.display())]);
        }
        arguments
    }
}

/// The release that the module calls `name`.
pub(crate) fn named(name: &str) -> Release {
    *RELEASES.iter().find(|release| release.name == name).unwrap()
}

/// Content of a JSON file of the releases.
pub(crate) fn document(file: &str) -> Value {
    let text = std::fs::read_to_string(releases().join("cosmology").join(file)).unwrap();
    serde_json::from_str(&text).unwrap()
}

/// The numbers of a text table; fields that are no numbers are left out.
pub(crate) fn numbers(text: &str) -> Vec<Vec<f64>> {
    let numbers = |line: &str| -> Vec<f64> {
        let content = line.split('#').next().unwrap();
        content.split_whitespace().filter_map(|field| field.parse().ok()).collect()
    };
    text.lines().map(numbers).filter(|row| !row.is_empty()).collect()
}

/// sha256 as a manifest has it.
pub(crate) fn sha256(bytes: impl AsRef<[u8]>) -> String {
    let digest = Sha256::digest(bytes.as_ref());
    digest.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

/// A datasets manifest under construction: files are written beside it and pinned.
pub(crate) struct Batch<'a> {
    sandbox: &'a Sandbox,
    datasets: Map<String, Value>,
}

impl<'a> Batch<'a> {
    pub(crate) fn new(sandbox: &'a Sandbox) -> Self {
        Self { sandbox, datasets: Map::new() }
    }

    /// Adds a dataset whose inputs have the given contents.
    pub(crate) fn add<B: AsRef<[u8]>>(&mut self, name: &str, inputs: &[(&str, B)]) {
        let input = |(role, content): &(&str, B)| {
            let content = content.as_ref();
            let path = format!("{name}.{role}");
            self.sandbox.write(&path, content);
            let pinned = json!({"path": path, "sha256": sha256(content), "bytes": content.len()});
            ((*role).to_owned(), pinned)
        };
        let inputs: Map<String, Value> = inputs.iter().map(input).collect();
        self.datasets.insert(name.to_owned(), json!({"module": "bao", "inputs": inputs}));
    }

    /// Writes the manifest.
    pub(crate) fn write(&self) -> PathBuf {
        let manifest = json!({"schema": "host.datasets/1", "datasets": self.datasets});
        self.sandbox.write("datasets.json", manifest.to_string())
    }

    /// Prepares everything; the exit code and what became of each dataset, by name.
    pub(crate) fn prepare(&self) -> (Option<i32>, Map<String, Value>) {
        let manifest = self.write();
        let arguments = ["prepare", "--from", manifest.to_str().unwrap(), "--jobs", "2"];
        let (code, answer) = self.sandbox.run_json(arguments);
        let datasets = answer.pointer("/data/datasets").and_then(Value::as_array).unwrap();
        let by_name = |dataset: &Value| (dataset["name"].as_str().unwrap().to_owned(), dataset.clone());
        (code, datasets.iter().map(by_name).collect())
    }
}
