//! `cargo xtask dist`: what a release consists of, in the folder dist: for each platform the two programs,
//! static and stripped, their bills of materials, and the checksums of all of it.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use waxwing_tests::cache;

use crate::command::{Result, cargo, run, workspace};
use crate::elf;

const CARGO_CYCLONEDX: &str = "0.5.9";

const PROGRAMS: [&str; 2] = ["waxwing", "waxwing-controller"];

/// A platform: its name in the file names, Rust's target, and the linker if it is not the host's own.
struct Platform {
    name: &'static str,
    target: &'static str,
    linker: &'static str,
}

const PLATFORMS: [Platform; 2] = [
    Platform {
        name: "linux-amd64",
        target: "x86_64-unknown-linux-gnu",
        linker: "x86_64-linux-gnu-gcc",
    },
    Platform {
        name: "linux-arm64",
        target: "aarch64-unknown-linux-gnu",
        linker: "aarch64-linux-gnu-gcc",
    },
];

/// Builds what can be built here, and fails if something of a release is missing then.
///
/// # Errors
/// If a build fails, a program is not static, or a toolchain for a platform is missing; the message says
/// how to install it.
pub(crate) fn run_all() -> Result {
    let dist = workspace().join("dist");
    fs::create_dir_all(&dist)?;
    let mut missing = Vec::new();
    for platform in &PLATFORMS {
        match platform.missing()? {
            None => build(platform, &dist)?,
            Some(what) => missing.push(format!("{}: {what}", platform.name)),
        }
    }
    bills_of_materials(&dist)?;
    checksums(&dist)?;
    if missing.is_empty() {
        Ok(())
    } else {
        Err(format!("not built for {}", missing.join("; ")).into())
    }
}

impl Platform {
    /// What is not installed that a build for this platform needs.
    fn missing(&self) -> Result<Option<String>> {
        let Self { target, linker, .. } = self;
        let output = Command::new(compiler())
            .args(["--print", "target-libdir", "--target", target])
            .output()?;
        let libraries = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        if !Path::new(&libraries).is_dir() {
            return Ok(Some(format!(
                "the standard library is not installed (rustup target add {target})"
            )));
        }
        let has_linker = Command::new(linker).arg("--version").output().is_ok();
        Ok((!has_linker).then(|| format!("the linker {linker} is not on the PATH")))
    }

    fn variable(&self, name: &str) -> String {
        let target = self.target.to_uppercase().replace('-', "_");
        format!("CARGO_TARGET_{target}_{name}")
    }
}

/// The one that Cargo takes.
fn compiler() -> OsString {
    std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into())
}

fn build(platform: &Platform, dist: &Path) -> Result {
    let mut command = cargo([
        "build",
        "--release",
        "--locked",
        "--target",
        platform.target,
    ]);
    for program in PROGRAMS {
        command.args(["--package", program]);
    }
    let target_folder = dist.join("build");
    command
        .arg("--target-dir")
        .arg(&target_folder)
        .env(platform.variable("LINKER"), platform.linker)
        .env(platform.variable("RUSTFLAGS"), flags()?)
        .env("CARGO_INCREMENTAL", "0");
    run(&mut command)?;
    for program in PROGRAMS {
        let built = target_folder
            .join(platform.target)
            .join("release")
            .join(program);
        let bytes = fs::read(&built)?;
        if elf::is_static(&bytes) != Some(true) {
            return Err(format!("{} is not static", built.display()).into());
        }
        fs::copy(&built, dist.join(format!("{program}-{}", platform.name)))?;
    }
    Ok(())
}

/// Static, and without the paths of the machine that builds.
fn flags() -> Result<String> {
    let cargo_home = std::env::var_os("CARGO_HOME")
        .map(PathBuf::from)
        .or_else(|| std::env::home_dir().map(|home| home.join(".cargo")))
        .ok_or("neither CARGO_HOME nor a home folder is set")?;
    let workspace = workspace().canonicalize()?;
    Ok(format!(
        "-C target-feature=+crt-static --remap-path-prefix={}=/cargo --remap-path-prefix={}=/waxwing",
        cargo_home.display(),
        workspace.display()
    ))
}

/// A CycloneDX document for each program, of what is compiled into it.
fn bills_of_materials(dist: &Path) -> Result {
    let root = cache::dir(&format!("cargo-cyclonedx-{CARGO_CYCLONEDX}"));
    let program = root.join("bin/cargo-cyclonedx");
    if !program.exists() {
        let version = ["--locked", "--version", CARGO_CYCLONEDX, "--root"];
        run(cargo(["install", "cargo-cyclonedx"])
            .args(version)
            .arg(&root))?;
    }
    run(Command::new(program)
        .current_dir(workspace())
        .env("SOURCE_DATE_EPOCH", time_of_commit()?)
        .args([
            "cyclonedx",
            "--format=json",
            "--spec-version=1.5",
            "--no-build-deps",
            "--override-filename=bom",
        ])
        .args(["--target", PLATFORMS[0].target]))?;
    let here = format!("file://{}", workspace().canonicalize()?.display());
    for (package, folder) in [("waxwing", "cli"), ("waxwing-controller", "controller")] {
        let bill = fs::read_to_string(workspace().join(folder).join("bom.json"))?;
        let name = format!("{package}.cdx.json");
        fs::write(dist.join(name), bill.replace(&here, "file:///waxwing"))?;
    }
    remove_written()
}

/// In seconds since 1970: what is written today about an older commit says the same as then.
fn time_of_commit() -> Result<String> {
    let mut git = Command::new("git");
    git.current_dir(workspace())
        .args(["log", "-1", "--format=%ct"]);
    let output = git.output()?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned().into());
    }
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// cargo-cyclonedx writes one into the folder of every package.
fn remove_written() -> Result {
    for parent in [workspace().to_owned(), workspace().join("crates")] {
        for entry in fs::read_dir(parent)? {
            let bill = entry?.path().join("bom.json");
            if bill.is_file() {
                fs::remove_file(bill)?;
            }
        }
    }
    Ok(())
}

/// `sha256sum -c SHA256SUMS` checks them.
fn checksums(dist: &Path) -> Result {
    let mut names: Vec<_> = fs::read_dir(dist)?
        .filter_map(|entry| entry.ok().filter(|entry| entry.path().is_file()))
        .map(|entry| entry.file_name())
        .filter(|name| name != "SHA256SUMS")
        .collect();
    names.sort();
    let output = Command::new("sha256sum")
        .current_dir(dist)
        .args(names)
        .output()?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned().into());
    }
    fs::write(dist.join("SHA256SUMS"), output.stdout)?;
    eprintln!("wrote {}", dist.display());
    Ok(())
}
