//! `waxwing reseal`, as far as it goes without a cluster.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};

use crate::seal::SECRET;
use crate::workshop::Workshop;

/// A workshop with an old and a new key, and their recipients.
fn workshop() -> (Workshop, String, String) {
    let workshop = Workshop::new();
    let old = workshop.keygen("old.txt", "x25519");
    let new = workshop.keygen("new.txt", "x25519");
    (workshop, old, new)
}

fn seal(workshop: &Workshop, to: &str) -> String {
    workshop.run_with(&["seal", "-r", to], SECRET).ok()
}

/// Every line that holds no sealed value.
fn frame(text: &str) -> Vec<&str> {
    text.split_inclusive('\n')
        .filter(|line| !line.contains("YWdl"))
        .collect()
}

#[test]
fn stale_values_are_replaced_and_every_other_byte_stays() {
    let (workshop, old, new) = workshop();
    let sealed = seal(&workshop, &old);
    let file = format!(
        "# ours\r\nkind: ConfigMap\r\napiVersion: v1\r\nmetadata: {{name: x}}\r\n---\n{}",
        sealed.trim_end()
    );
    workshop.write("app.yaml", &file);
    workshop.write("other.yaml", "no: manifest\n");

    let run = workshop.run(&["reseal", "-i", "old.txt", "-r", &new, "."]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert!(run.stdout.contains("app.yaml:"), "{}", run.stdout);
    let after = workshop.read("app.yaml");
    assert_ne!(after, file);
    assert_eq!(frame(&after), frame(&file));

    let opened = workshop
        .run(&["unseal", "-i", "new.txt", "-f", "app.yaml"])
        .ok();
    assert_eq!(
        opened,
        workshop.run_with(&["unseal", "-i", "old.txt"], &file).ok()
    );
    workshop
        .run(&["unseal", "-i", "old.txt", "-f", "app.yaml"])
        .refused();
}

#[test]
fn what_is_current_is_left_untouched() {
    let (workshop, _, new) = workshop();
    workshop.write("app.yaml", &seal(&workshop, &new));
    let before = fs::metadata(workshop.path("app.yaml"))
        .unwrap()
        .modified()
        .unwrap();
    let run = workshop.run(&["reseal", "-i", "old.txt", "-r", &new, "."]);
    assert_eq!((run.code, run.stdout.as_str()), (0, ""));
    assert_eq!(
        fs::metadata(workshop.path("app.yaml"))
            .unwrap()
            .modified()
            .unwrap(),
        before
    );
}

#[test]
fn a_check_names_what_is_stale_and_changes_nothing() {
    let (workshop, old, new) = workshop();
    let sealed = seal(&workshop, &old);
    workshop.write("app.yaml", &sealed);
    let run = workshop.run(&["reseal", "--check", "-i", "old.txt", "-r", &new, "app.yaml"]);
    assert_eq!(run.code, 1);
    assert!(
        run.stdout.starts_with("app.yaml:") && run.stdout.contains(": stale\n"),
        "{}",
        run.stdout
    );
    assert_eq!(workshop.read("app.yaml"), sealed);
}

#[test]
fn a_recipient_is_granted_and_taken_away() {
    let (workshop, old, new) = workshop();
    workshop.write("app.yaml", &seal(&workshop, &old));
    workshop
        .run(&[
            "reseal",
            "-i",
            "old.txt",
            "--add-recipient",
            &new,
            "app.yaml",
        ])
        .ok();
    for key in ["old.txt", "new.txt"] {
        workshop.run(&["unseal", "-i", key, "-f", "app.yaml"]).ok();
    }
    workshop
        .run(&[
            "reseal",
            "-i",
            "new.txt",
            "--remove-recipient",
            &old,
            "app.yaml",
        ])
        .ok();
    workshop
        .run(&["unseal", "-i", "new.txt", "-f", "app.yaml"])
        .ok();
    workshop
        .run(&["unseal", "-i", "old.txt", "-f", "app.yaml"])
        .refused();
}

#[test]
fn a_value_with_any_bit_flipped_is_refused_with_file_and_line() {
    let (workshop, old, new) = workshop();
    let sealed = seal(&workshop, &old);
    let (line, text) = sealed
        .lines()
        .enumerate()
        .find(|(_, line)| line.contains("YWdl"))
        .unwrap();
    let start = sealed.find(text).unwrap() + text.find("YWdl").unwrap();
    let end = sealed[start..].find('\n').unwrap() + start;
    for at in (start..end).step_by(37) {
        for bit in [0, 3, 5] {
            let mut bytes = sealed.clone().into_bytes();
            bytes[at] ^= 1 << bit;
            let Ok(flipped) = String::from_utf8(bytes) else {
                continue;
            };
            workshop.write("app.yaml", &flipped);
            let run = workshop.run(&["reseal", "-i", "old.txt", "-r", &new, "app.yaml"]);
            assert_eq!(run.code, 1, "byte {at}, bit {bit}: {}", run.stdout);
            // A flip may make a line break or a comment of it: then the next line is what is wrong.
            let named =
                (line + 1..line + 3).any(|line| run.stderr.contains(&format!("app.yaml:{line}:")));
            assert!(named, "byte {at}, bit {bit}: {}", run.stderr);
        }
    }
}

#[test]
fn what_cannot_be_resealed_is_reported_and_the_rest_is_done() {
    let (workshop, old, new) = workshop();
    let sealed = seal(&workshop, &old);
    fs::create_dir(workshop.path("apps")).unwrap();
    workshop.write("apps/good.yaml", &sealed);
    workshop.write(
        "apps/half.yaml",
        &format!("{sealed}---\nkind: SealedSecret\nspec: {{encryptedData: {{a: "),
    );
    fs::write(
        workshop.path("apps/latin.yaml"),
        b"kind: SealedSecret # \xe9\n",
    )
    .unwrap();
    workshop.write("apps/readonly.yaml", &sealed);
    fs::set_permissions(
        workshop.path("apps/readonly.yaml"),
        fs::Permissions::from_mode(0o444),
    )
    .unwrap();
    workshop.write(
        "apps/stranger.yaml",
        &seal(&workshop, &workshop.keygen("stranger.txt", "x25519")),
    );
    workshop.write("outside.yaml", &sealed);
    symlink("../outside.yaml", workshop.path("apps/link.yaml")).unwrap();

    let run = workshop.run(&["reseal", "-i", "old.txt", "-r", &new, "apps"]);
    assert_eq!(run.code, 1);
    for (file, why) in [
        ("half.yaml", ""),
        ("latin.yaml", "is not UTF-8"),
        ("readonly.yaml", "read-only"),
        ("stranger.yaml", "key"),
        ("link.yaml", "link out of the folder"),
    ] {
        let told = run
            .stderr
            .lines()
            .any(|line| line.contains(file) && line.contains(why));
        assert!(told, "{file}: {}", run.stderr);
    }
    assert_ne!(workshop.read("apps/good.yaml"), sealed);
    for untouched in ["apps/readonly.yaml", "outside.yaml"] {
        assert_eq!(workshop.read(untouched), sealed);
    }
}

#[test]
fn programs_get_every_value_and_the_counts() {
    let (workshop, old, new) = workshop();
    workshop.write("app.yaml", &seal(&workshop, &old));
    let json = workshop
        .run(&[
            "reseal", "-o", "json", "-i", "old.txt", "-r", &new, "app.yaml",
        ])
        .stdout;
    let report: serde_json::Value = serde_json::from_str(&json).unwrap();
    let values = report["values"].as_array().unwrap();
    assert_eq!(report["summary"]["resealed"], values.len());
    assert!(
        values
            .iter()
            .all(|value| value["result"] == "resealed" && value["file"] == "app.yaml")
    );
}
