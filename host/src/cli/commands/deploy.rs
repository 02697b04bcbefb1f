//! `host deploy`: what runs a host elsewhere, as text, of which nothing is installed; and whether this one is ready.

mod verify;

use std::io::{self, Write};

use serde::Serialize;

use crate::cli::{Report, Style};

pub(super) use verify::run as verify;

/// Verbs for whoever runs a host.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Print what a service manager, a cluster or a monitor needs; nothing is installed.
    Print(Args),
    /// Say whether this host is ready: its machine, then one dataset, then everything that production needs.
    Verify(verify::Args),
}

/// Flags of `deploy print`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// What to print.
    #[arg(value_enum)]
    kind: Kind,
}

/// A file that stands in `examples/deploy`.
#[derive(Debug, Clone, Copy, Serialize)]
struct File {
    /// What it is called where it belongs.
    name: &'static str,
    text: &'static str,
}

/// Defines the kinds, and takes the text of each from the same files that people read.
macro_rules! kinds {
    ($( $(#[doc = $line:literal])+ $kind:ident: $($file:literal),+; )+) => {
        /// What can be printed.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
        enum Kind {
            $( $(#[doc = $line])+ $kind, )+
        }

        impl Kind {
            fn files(self) -> &'static [File] {
                match self {
                    $( Self::$kind => &[$( File {
                        name: $file,
                        text: include_str!(concat!("../../../../examples/deploy/", $file)),
                    } ),+], )+
                }
            }
        }
    };
}

kinds! {
    /// A service of systemd.
    Systemd: "host.service";
    /// Snapshots, checks and reports once a day, week, month or quarter.
    SystemdTimer: "host-schedule@.timer", "host-schedule@.service";
    /// Rotation of log files by day.
    Logrotate: "logrotate.conf";
    /// What is done at which time, without systemd.
    Cron: "crontab";
    /// An image with the host and its modules.
    Dockerfile: "Dockerfile";
    /// A container with a token and a volume.
    Compose: "compose.yaml";
    /// A batch of datasets on Kubernetes.
    K8sJob: "k8s-job.yaml";
    /// A read-only service on Kubernetes.
    K8sDeployment: "k8s-deployment.yaml";
    /// More replicas of it when they are busy.
    K8sHpa: "k8s-hpa.yaml";
    /// Who may do what on Kubernetes.
    K8sRbac: "k8s-rbac.yaml";
    /// A DAG for Airflow: prepare, check, report.
    Airflow: "airflow.py";
    /// A scrape of this machine.
    Prometheus: "prometheus.yml";
    /// Rules, each with what to type.
    Alerts: "alerts.yml";
    /// A dashboard.
    Grafana: "grafana-dashboard.json";
}

/// The files of a kind.
#[derive(Debug, Serialize)]
pub(super) struct Printed {
    files: &'static [File],
}

/// Runs `deploy print`.
pub(super) fn print(args: &Args) -> Printed {
    Printed { files: args.kind.files() }
}

impl Report for Printed {
    const SCHEMA: &'static str = "host.deploy-print/1";

    /// As the files stand; several are told apart by their names, in what is a comment in each of them.
    fn render(&self, out: &mut dyn Write, _style: &Style) -> io::Result<()> {
        for file in self.files {
            if self.files.len() > 1 {
                writeln!(out, "# ---- {}", file.name)?;
            }
            out.write_all(file.text.as_bytes())?;
        }
        Ok(())
    }
}
