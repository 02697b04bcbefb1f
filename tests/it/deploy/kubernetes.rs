//! The files for Kubernetes: what a cluster would demand of them, and what they promise of themselves.

use serde_json::Value;

use super::yaml;

/// The one document of a kind in a file, with what every object must have.
fn object(file: &str, api_version: &str, kind: &str) -> Value {
    let documents = yaml(file);
    let mut found = documents.iter().filter(|document| document["kind"] == kind);
    let object = found.next().unwrap_or_else(|| panic!("{file}: no {kind}")).clone();
    assert_eq!(object["apiVersion"], api_version, "{file}");
    let metadata = &object["metadata"];
    assert!(metadata["name"].is_string() || metadata["generateName"].is_string(), "{file}: no name");
    object
}

/// Whether a quantity such as `512Mi` or `250m` is one.
fn is_quantity(value: &Value) -> bool {
    let text = value.as_str().unwrap_or_default();
    let end = text.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(text.len());
    end > 0 && ["", "m", "Mi", "Gi"].contains(&&text[end..])
}

/// A pod that can do nothing but its work.
fn shut(pod: &Value) {
    assert_eq!(pod["automountServiceAccountToken"], false);
    assert_eq!(pod["serviceAccountName"], "host");
    let security = &pod["securityContext"];
    assert_eq!(security["runAsNonRoot"], true);
    assert_eq!(security["runAsUser"], 10001, "the user of the image");
    assert_eq!(security["seccompProfile"]["type"], "RuntimeDefault");
    let volumes: Vec<&Value> =
        pod["volumes"].as_array().unwrap().iter().map(|volume| &volume["name"]).collect();
    let containers = ["initContainers", "containers"].iter().filter_map(|list| pod[*list].as_array());
    for container in containers.flatten() {
        let security = &container["securityContext"];
        assert_eq!(security["allowPrivilegeEscalation"], false);
        assert_eq!(security["readOnlyRootFilesystem"], true);
        assert_eq!(security["capabilities"]["drop"][0], "ALL");
        for list in ["requests", "limits"] {
            for resource in ["memory", "cpu"] {
                assert!(is_quantity(&container["resources"][list][resource]), "{list}: {container}");
            }
        }
        for mount in container["volumeMounts"].as_array().unwrap() {
            assert!(volumes.contains(&&mount["name"]), "{mount} is no volume of the pod");
        }
    }
    let mounts = pod["containers"][0]["volumeMounts"].as_array().unwrap();
    let mounted = |path: &str| mounts.iter().any(|mount| mount["mountPath"] == path);
    assert!(mounted("/var/lib/host") && mounted("/tmp"), "what the host writes to");
}

pub(super) fn fit() {
    let job = object("k8s-job.yaml", "batch/v1", "Job");
    let template = &job["spec"]["template"];
    shut(&template["spec"]);
    assert_eq!(template["spec"]["restartPolicy"], "OnFailure");
    assert_eq!(job["spec"]["backoffLimit"], 3);

    let deployment = object("k8s-deployment.yaml", "apps/v1", "Deployment");
    let template = &deployment["spec"]["template"];
    let (pod, labels) = (&template["spec"], &template["metadata"]["labels"]);
    shut(pod);
    assert_eq!(deployment["spec"]["selector"]["matchLabels"], *labels);
    let container = &pod["containers"][0];
    let port = &container["ports"][0];
    for (probe, path) in
        [("startupProbe", "/livez"), ("livenessProbe", "/livez"), ("readinessProbe", "/readyz")]
    {
        assert_eq!(container[probe]["httpGet"]["path"], path);
        assert_eq!(container[probe]["httpGet"]["port"], port["name"]);
    }
    let listen =
        container["args"].as_array().unwrap().iter().find_map(|word| word.as_str()?.rsplit_once(':'));
    assert_eq!(listen.unwrap().1, port["containerPort"].to_string());
    let service = object("k8s-deployment.yaml", "v1", "Service");
    assert_eq!(service["spec"]["selector"], *labels);
    assert_eq!(service["spec"]["ports"][0]["targetPort"], port["name"]);
    // The token is where the setting says, in a file that its owner made.
    let token = container["env"][0]["value"].as_str().unwrap();
    let written = pod["initContainers"][0]["command"].as_array().unwrap();
    assert!(written[1] == "--mode=0600" && written.last().unwrap() == token);

    let scaler = object("k8s-hpa.yaml", "autoscaling/v2", "HorizontalPodAutoscaler");
    let target = &scaler["spec"]["scaleTargetRef"];
    assert_eq!(target["apiVersion"], deployment["apiVersion"]);
    assert_eq!((&target["kind"], &target["name"]), (&deployment["kind"], &deployment["metadata"]["name"]));
    assert!(scaler["spec"]["minReplicas"].as_u64() < scaler["spec"]["maxReplicas"].as_u64());

    let group = "rbac.authorization.k8s.io";
    let role = object("k8s-rbac.yaml", &format!("{group}/v1"), "Role");
    let binding = object("k8s-rbac.yaml", &format!("{group}/v1"), "RoleBinding");
    assert_eq!(binding["roleRef"]["name"], role["metadata"]["name"]);
    assert_eq!(binding["roleRef"]["apiGroup"], group);
    let accounts: Vec<Value> = yaml("k8s-rbac.yaml")
        .into_iter()
        .filter(|document| document["kind"] == "ServiceAccount")
        .map(|account| account["metadata"]["name"].clone())
        .collect();
    assert!(
        accounts.contains(&binding["subjects"][0]["name"]) && accounts.contains(&pod["serviceAccountName"])
    );
    for rule in role["rules"].as_array().unwrap() {
        assert!(!rule.to_string().contains('*'), "{rule} allows more than it names");
    }
}
