use std::io::{BufRead, IsTerminal as _, Write, stderr, stdin};

use crate::trouble::Trouble;

/// An error if nobody can be asked: look before the work that a question needs.
pub(crate) fn refuse_nobody() -> Result<(), Trouble> {
    if stdin().is_terminal() {
        return Ok(());
    }
    Err(Trouble::Misused(
        "nobody can be asked here: add --yes, or --dry-run to see what would end".into(),
    ))
}

/// Asks on the terminal; an error unless the answer is yes.
pub(crate) fn confirm(question: &str) -> Result<(), Trouble> {
    ask(question, stderr(), stdin().lock())
}

fn ask(question: &str, mut out: impl Write, mut input: impl BufRead) -> Result<(), Trouble> {
    write!(out, "{question} [y/N] ")
        .and_then(|()| out.flush())
        .map_err(|error| Trouble::Undone(format!("can't ask on the terminal: {error}")))?;
    let mut answer = String::new();
    input
        .read_line(&mut answer)
        .map_err(|error| Trouble::Undone(format!("can't read the answer: {error}")))?;
    match answer.trim() {
        "y" | "Y" | "yes" => Ok(()),
        _ => Err(Trouble::Misused("nothing was ended".into())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_yes_is_one_and_what_fails_is_told() {
        for (answer, told) in [
            (&b"y\n"[..], None),
            (b" yes \r\n", None),
            (b"Y", None),
            (b"\n", Some("nothing was ended")),
            (b"no\n", Some("nothing was ended")),
            (b"", Some("nothing was ended")),
            (b"\xff\n", Some("can't read the answer: ")),
        ] {
            let mut out = Vec::new();
            let asked = ask("End 2?", &mut out, answer);
            assert_eq!(out, b"End 2? [y/N] ");
            match (asked, told) {
                (Ok(()), None) => {}
                (Err(trouble), Some(told)) => {
                    assert!(trouble.to_string().starts_with(told), "{trouble}");
                }
                other => panic!("{answer:?}: {other:?}"),
            }
        }
        let full: &mut [u8] = &mut [];
        let told = ask("End 2?", full, &b"y"[..]).unwrap_err().to_string();
        assert!(told.starts_with("can't ask on the terminal: "), "{told}");
    }
}
