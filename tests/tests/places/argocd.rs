//! Argo CD's health checks, run by the Lua that Argo CD runs them with.

use std::process::Command;

use serde_json::Value;
use waxwing_tests::{document, go_tools};

/// What the check for `kind` in examples/gitops tells of an object: status and message.
pub(crate) fn health(kind: &str, object: &Value) -> (String, String) {
    let text = document::read("examples/gitops/argocd/argocd-cm.yaml").unwrap();
    let config: Value = serde_yaml::from_str(&text).unwrap();
    let key = format!("resource.customizations.health.waxwing.dev_{kind}");
    let check = config["data"][key].as_str().unwrap();
    let script = format!(
        "obj = {}\nlocal function check()\n{check}\nend\nlocal health = check()\n\
         print(health.status)\nprint(health.message)",
        literal(object)
    );
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("check.lua");
    std::fs::write(&file, script).unwrap();
    let run = Command::new(go_tools::lua().unwrap())
        .arg(file)
        .output()
        .unwrap();
    let printed = String::from_utf8(run.stdout).unwrap();
    let (status, message) = printed.split_once('\n').unwrap_or_default();
    assert!(
        run.status.success(),
        "{}",
        String::from_utf8_lossy(&run.stderr)
    );
    (status.to_owned(), message.trim_end().to_owned())
}

/// A value of JSON as Lua writes it.
fn literal(value: &Value) -> String {
    match value {
        Value::Null => "nil".to_owned(),
        Value::Bool(_) | Value::Number(_) => value.to_string(),
        Value::String(text) => {
            let bytes = text.bytes().map(|byte| format!("\\{byte:03}"));
            format!("\"{}\"", bytes.collect::<String>())
        }
        Value::Array(values) => {
            let values: Vec<String> = values.iter().map(literal).collect();
            format!("{{{}}}", values.join(","))
        }
        Value::Object(entries) => {
            let entries = entries.iter();
            let entries = entries.map(|(key, value)| {
                format!(
                    "[{}]={}",
                    literal(&Value::from(key.as_str())),
                    literal(value)
                )
            });
            format!("{{{}}}", entries.collect::<Vec<_>>().join(","))
        }
    }
}
