//! The index and the programs themselves: each recipe is named, short, and starts.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use cookbook::{OTHERS, RECIPES};

const README: &str = include_str!("../../README.md");

/// The files of a folder, without those of its folders.
fn files(folder: &Path) -> Vec<PathBuf> {
    let all = fs::read_dir(folder).into_iter().flatten();
    let all = all.map(|entry| entry.unwrap().path());
    all.filter(|path| path.extension().is_some_and(|it| it == "rs"))
        .collect()
}

fn sources() -> Vec<PathBuf> {
    files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"))
}

fn lines_of_code(path: &Path) -> usize {
    let is_code = |line: &&str| !line.trim().is_empty() && !line.trim_start().starts_with("//");
    let text = fs::read_to_string(path).unwrap();
    text.lines().filter(is_code).count()
}

#[test]
fn a_recipe_has_less_than_eighty_lines_of_code() {
    for path in sources() {
        let lines = lines_of_code(&path);
        assert!(lines < 80, "{}: {lines}", path.display());
        // Nor has it more of them in a folder of its own.
        assert!(!path.with_extension("").is_dir(), "{}", path.display());
    }
}

#[test]
fn every_form_can_be_sent_without_a_script() {
    let mut found = 0;
    for path in sources() {
        let text = fs::read_to_string(&path).unwrap();
        for form in text.split("<form ").skip(1) {
            let form = form.split_once("</form>");
            let is_right = form.is_some_and(|(form, _)| form.contains("<button>"));
            assert!(is_right, "{}", path.display());
            found += 1;
        }
    }
    assert!(found >= 5, "{found}");
}

#[test]
fn the_index_names_every_recipe_and_every_link_leads_somewhere() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let links: Vec<&str> = README
        .split("](")
        .skip(1)
        .map(|rest| rest.split(')').next().unwrap())
        .collect();
    for link in &links {
        let path = link.split('#').next().unwrap();
        assert!(
            path.starts_with("https://") || folder.join(path).exists(),
            "{link}"
        );
    }
    for path in sources() {
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        let is_none = ["lib.rs", "main.rs"].contains(&&*name);
        assert!(
            is_none || links.contains(&&*format!("src/{name}")),
            "{name}"
        );
    }
    for name in RECIPES.iter().map(|(name, _)| name).chain(OTHERS) {
        assert!(README.contains(&format!("`{name}`")), "{name}");
    }
}

#[test]
fn every_crate_that_a_recipe_uses_is_among_the_dependencies_of_the_index() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut paths = files(&folder.join("../../sockets/src"));
    paths.extend(sources());
    let mut found = 0;
    for path in paths {
        let text = fs::read_to_string(&path).unwrap();
        let uses = text.lines().filter_map(|line| line.strip_prefix("use "));
        let roots = uses.filter_map(|path| path.split("::").next());
        for root in roots.filter(|root| !OWN.contains(root)) {
            let name = root.replace('_', "-");
            let is_listed = [root, &name].map(|name| README.contains(&format!("\n{name} = ")));
            assert!(is_listed.contains(&true), "{}: {root}", path.display());
            found += 1;
        }
    }
    assert!(found > 50, "{found}");
}

/// What `use` begins with if it is no dependency.
const OWN: [&str; 5] = ["cookbook", "crate", "sockets", "std", "self"];

/// A program of the cookbook, ended with the test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn start(name: &str) -> Running {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cookbook"));
    let command = command
        .arg(name)
        .env("PORT", "0")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    Running(command.spawn().unwrap())
}

#[test]
fn every_program_starts_and_answers() {
    let names = RECIPES.iter().map(|(name, _)| name);
    for name in names.chain(OTHERS) {
        let mut program = start(name);
        // Kept to the end, since Rocket goes on writing to it.
        let mut lines = BufReader::new(program.0.stdout.take().unwrap()).lines();
        let address = lines.by_ref().map_while(Result::ok).find_map(|line| {
            // Rocket says `Rocket has launched from http://…`, with colours.
            let address = line.split_once("http://")?.1;
            let is_part = |char: char| char.is_ascii_digit() || ".:".contains(char);
            Some(
                address
                    .chars()
                    .take_while(|char| is_part(*char))
                    .collect::<String>(),
            )
        });
        let mut stream = TcpStream::connect(address.unwrap()).unwrap();
        stream
            .write_all(b"GET /nowhere HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
            .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 404"), "{name}: {answer}");
    }
}

#[test]
fn an_unknown_name_is_told_the_others() {
    let mut program = start("nothing");
    let mut said = String::new();
    program
        .0
        .stderr
        .take()
        .unwrap()
        .read_to_string(&mut said)
        .unwrap();
    assert!(!program.0.wait().unwrap().success());
    assert!(
        RECIPES.iter().all(|(name, _)| said.contains(name)),
        "{said}"
    );
}
