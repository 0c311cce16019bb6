//! The documents say what is so: their commands run as they are written, and the tests that they
//! name exist.

use std::path::Path;

use waxwing_tests::{Stage, Terminal, document};

const SECRET: &str = "\
apiVersion: v1
kind: Secret
metadata:
  name: db
  namespace: prod
stringData:
  password: taken from the readme
";

type Result = std::result::Result<(), Box<dyn std::error::Error>>;

#[tokio::test(flavor = "multi_thread")]
async fn the_commands_of_the_readme_work_as_written() -> Result {
    let stage = Stage::own(&[]).await?;
    stage.primary().await?;
    let terminal = Terminal::open(&stage.cluster, "readme")?;
    std::fs::write(terminal.folder().join("secret.yaml"), SECRET)?;
    terminal.run("kubectl create namespace prod; age-keygen -o recovery.txt")?;
    let recovery = terminal.run("age-keygen -y recovery.txt")?;
    let setting = format!("PASSWORD=secret\nRECOVERY_RECIPIENT={}\n", recovery.trim());

    let mut printed = String::new();
    let mut count = 0;
    for section in document::sections(&document::read("README.md")?) {
        for commands in section.commands {
            printed += &terminal.run(&(setting.clone() + &commands))?;
            count += 1;
        }
    }

    assert!(count >= 8, "only {count} blocks were found");
    assert!(printed.contains("condition met"), "{printed}");
    let backup = terminal.run("cat keys.yaml")?;
    assert!(backup.contains("BEGIN AGE ENCRYPTED FILE"), "{backup}");
    Ok(())
}

#[test]
fn every_test_that_the_threat_model_names_exists() -> Result {
    let text = document::read("docs/threat-model.md")?;
    let mut count = 0;
    for reference in text.split('`').skip(1).step_by(2) {
        let Some((file, name)) = reference.split_once("::") else {
            continue;
        };
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(file);
        let source = std::fs::read_to_string(&path).map_err(|error| format!("{file}: {error}"))?;
        assert!(
            source.contains(&format!("fn {name}(")),
            "{file} has no test {name}"
        );
        count += 1;
    }
    assert!(count > 10, "only {count} tests are named");
    Ok(())
}
