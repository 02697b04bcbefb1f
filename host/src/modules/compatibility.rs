//! The version rule: same major; an older minor always loads; a newer one loads when the oldest interface that it can
//! work with is met. A refusal is one line that names both versions and the side to rebuild.

use plugin_api::c_interface;

use crate::error::{Error, Kind, Result};
use crate::modules::manifest::Manifest;

/// A version of the interface.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct ApiVersion {
    /// Changes when a struct that crosses changes.
    pub major: u64,
    /// Grows when something optional is added.
    pub minor: u64,
}

impl ApiVersion {
    /// What this host speaks.
    #[must_use]
    pub fn of_host() -> Self {
        let (major, minor) = plugin_api::host_side::api_version();
        Self { major, minor }
    }

    /// Reads `major.minor`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (major, minor) = text.split_once('.')?;
        Some(Self { major: major.parse().ok()?, minor: minor.parse().ok()? })
    }
}

impl std::fmt::Display for ApiVersion {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}.{}", self.major, self.minor)
    }
}

/// Whether a module may be loaded by a host that speaks `host`. Returns the module's version of the interface.
///
/// # Errors
/// [`Kind::Incompatible`].
pub fn check(id: &str, manifest: &Manifest, host: ApiVersion) -> Result<ApiVersion> {
    let refuse = |why: String| Err(Error::new(Kind::Incompatible, format!("module `{id}` {why}")));
    let (Some(module), Some(minimum)) =
        (ApiVersion::parse(&manifest.api), ApiVersion::parse(&manifest.api_minimum))
    else {
        return refuse(format!(
            "declares the malformed plugin-api version `{}`",
            manifest.api.escape_debug()
        ));
    };
    if module.major < host.major {
        return refuse(format!(
            "was built with plugin-api {module}, this host speaks {host}: rebuild the module with plugin-api {}",
            host.major
        ));
    }
    if module.major > host.major || minimum > host {
        return refuse(format!(
            "was built with plugin-api {module} and needs at least {minimum}, this host speaks {host}: install a \
             newer host, or rebuild the module with plugin-api {host}"
        ));
    }
    if let Some(abi) = manifest.abi.as_deref().filter(|abi| *abi != c_interface::ABI) {
        return refuse(format!(
            "is called through the interface `{}`, which this host does not know: install a newer host",
            abi.escape_debug()
        ));
    }
    if manifest.target != plugin_api::export::build::TARGET {
        return refuse(format!(
            "was built for `{}`, this host for `{}`: rebuild the module for this system",
            manifest.target,
            plugin_api::export::build::TARGET
        ));
    }
    if let Some(feature) = missing_processor_feature(&manifest.target_features) {
        return refuse(format!(
            "uses the processor feature `{feature}`, which this machine lacks: rebuild the module without it"
        ));
    }
    Ok(module)
}

/// Whether a module may run inside the host: when nothing that it does wrong ends the process unasked.
///
/// # Errors
/// [`Kind::Incompatible`].
pub fn check_in_process(id: &str, manifest: &Manifest) -> Result<()> {
    let (why, hint) = if manifest.abi.is_some() {
        (
            "is not written in Rust: nothing stands between its faults and the host",
            "give `--isolation process`",
        )
    } else if manifest.panic != "unwind" {
        (
            "ends the process when it panics",
            "give `--isolation process`, or rebuild the module with `panic = \"unwind\"`",
        )
    } else {
        return Ok(());
    };
    Err(Error::new(Kind::Incompatible, format!("module `{id}` {why}, so it cannot run inside the host"))
        .hint(hint))
}

/// The one line for a library whose versions fit but whose types do not.
#[must_use]
pub fn layout_refusal(id: &str, module: ApiVersion) -> Error {
    Error::new(
        Kind::Incompatible,
        format!(
            "module `{id}` says plugin-api {module}, this host speaks {}, but the types that cross are laid out \
             differently: rebuild the module with the published plugin-api {module}",
            ApiVersion::of_host()
        ),
    )
}

#[cfg(target_arch = "x86_64")]
fn missing_processor_feature(features: &str) -> Option<&str> {
    macro_rules! detected {
        ($feature:expr, [$($name:tt),* $(,)?]) => {
            match $feature {
                $($name => std::arch::is_x86_feature_detected!($name),)*
                // Features that every x86-64 machine has, and those that change no instruction.
                _ => true,
            }
        };
    }
    features.split(',').find(|feature| {
        !detected!(
            *feature,
            [
                "sse3",
                "ssse3",
                "sse4.1",
                "sse4.2",
                "popcnt",
                "avx",
                "avx2",
                "fma",
                "bmi1",
                "bmi2",
                "lzcnt",
                "movbe",
                "f16c",
                "aes",
                "pclmulqdq",
                "sha",
                "avx512f",
                "avx512bw",
                "avx512cd",
                "avx512dq",
                "avx512vl",
                "avx512ifma",
                "avx512vbmi",
                "avx512vbmi2",
                "avx512vnni",
                "avx512bitalg",
                "avx512vpopcntdq",
                "avx512bf16",
                "vaes",
                "vpclmulqdq",
                "gfni",
                "adx",
                "rdrand",
                "rdseed",
                "sse4a",
                "tbm"
            ]
        )
    })
}

#[cfg(not(target_arch = "x86_64"))]
fn missing_processor_feature(_features: &str) -> Option<&str> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOST: ApiVersion = ApiVersion { major: 3, minor: 4 };

    fn manifest(api: &str, minimum: &str) -> Manifest {
        Manifest {
            schema: "host.manifest/1".to_owned(),
            abi: None,
            version: "0.1.0".to_owned(),
            api: api.to_owned(),
            api_minimum: minimum.to_owned(),
            target: plugin_api::export::build::TARGET.to_owned(),
            target_features: String::new(),
            panic: "unwind".to_owned(),
            rustc: String::new(),
        }
    }

    #[test]
    fn older_equal_and_tolerant_newer_modules_load() {
        for (api, minimum) in [("3.0", "3.0"), ("3.4", "3.0"), ("3.9", "3.4")] {
            assert!(check("m", &manifest(api, minimum), HOST).is_ok(), "{api}");
        }
    }

    #[test]
    fn a_refusal_names_both_versions_and_the_side_to_rebuild_in_one_line() {
        for (api, minimum, side) in [
            ("2.7", "2.0", "rebuild the module"),
            ("4.0", "4.0", "install a newer host"),
            ("3.9", "3.5", "install a newer host"),
        ] {
            let text = check("m", &manifest(api, minimum), HOST).unwrap_err().message;
            assert!(text.contains(api) && text.contains("3.4") && text.contains(side), "{text}");
            assert_eq!(text.lines().count(), 1);
        }
    }

    #[test]
    fn another_target_is_refused() {
        let mut other = manifest("3.0", "3.0");
        other.target = "wasm32-wasip1".to_owned();
        assert!(check("m", &other, HOST).unwrap_err().message.contains("wasm32-wasip1"));
    }
    #[test]
    fn an_interface_of_the_future_is_refused_and_not_called() {
        let mut other = manifest("3.0", "3.0");
        other.abi = Some("zig".to_owned());
        assert!(check("m", &other, HOST).unwrap_err().message.contains("`zig`"));
        other.abi = Some(c_interface::ABI.to_owned());
        assert!(check("m", &other, HOST).is_ok());
        assert!(check_in_process("m", &other).unwrap_err().message.contains("not written in Rust"));
    }
}
