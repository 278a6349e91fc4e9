//! The form of a filetest: options, then inputs with expectations.

use std::fmt;

/// A filetest.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct File {
    /// The `; name: value` lines above the first case.
    pub options: Vec<(String, String)>,
    /// The cases in order.
    pub cases: Vec<Case>,
    /// Text before the first case, comments and blank lines.
    head: String,
}

/// One Func or formula with its expectation.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Case {
    /// The line of the file that it begins on, from 1.
    pub line: usize,
    /// Its text, with a line end.
    pub input: String,
    /// The comment directly below, without the semicolons.
    pub expected: String,
    /// What follows up to the next case.
    rest: String,
}

impl File {
    /// Takes a text apart. A Func goes from `func` to the closing brace; a
    /// formula is every line that is no comment.
    pub fn parse(text: &str, is_formula: bool) -> File {
        let mut file = File {
            options: Vec::new(),
            cases: Vec::new(),
            head: String::new(),
        };
        let mut lines = text.lines().enumerate().peekable();
        while let Some((number, line)) = lines.next() {
            let begins = match is_formula {
                true => !line.starts_with(';') && !line.trim().is_empty(),
                false => line.starts_with("func "),
            };
            if !begins {
                file.keep(line);
                continue;
            }
            let mut input = format!("{line}\n");
            let ends = |line: &str| is_formula || line == "}" || line.ends_with(" {}");
            let mut done = ends(line);
            while !done && let Some((_, line)) = lines.next() {
                input.push_str(line);
                input.push('\n');
                done = ends(line);
            }
            let mut expected = String::new();
            while let Some((_, line)) = lines.next_if(|(_, line)| line.starts_with(';')) {
                let line = line.strip_prefix("; ").or(line.strip_prefix(';'));
                expected.push_str(line.unwrap_or_default().trim_end());
                expected.push('\n');
            }
            file.cases.push(Case {
                line: number + 1,
                input,
                expected,
                rest: String::new(),
            });
        }
        file
    }

    fn keep(&mut self, line: &str) {
        let to = match self.cases.last_mut() {
            Some(case) => &mut case.rest,
            None => {
                if let Some((name, value)) =
                    line.strip_prefix("; ").and_then(|l| l.split_once(": "))
                {
                    self.options.push((name.to_owned(), value.to_owned()));
                }
                &mut self.head
            }
        };
        to.push_str(line);
        to.push('\n');
    }
}

impl fmt::Display for File {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.head)?;
        for case in &self.cases {
            f.write_str(&case.input)?;
            for line in case.expected.lines() {
                match line.is_empty() {
                    true => f.write_str(";\n")?,
                    false => writeln!(f, "; {line}")?,
                }
            }
            f.write_str(&case.rest)?;
        }
        Ok(())
    }
}

/// The value of an option.
pub(crate) fn option<'a>(options: &'a [(String, String)], name: &str) -> Option<&'a str> {
    let found = options.iter().find(|(key, _)| key == name);
    found.map(|(_, value)| value.as_str())
}

#[cfg(test)]
mod tests {
    use super::File;

    #[test]
    fn a_file_prints_as_it_was_read() {
        let text = "; about\n; lanes: 8\n\nfunc @f() -> f64 {\n    return 1.0\n}\n; x\n;   y\n\n; b\n\
                    func @g() {\n}\n";
        let file = File::parse(text, false);
        assert_eq!(file.to_string(), text);
        assert_eq!(file.options, [("lanes".to_owned(), "8".to_owned())]);
        assert_eq!(file.cases[0].expected, "x\n  y\n");
        assert_eq!((file.cases[0].line, file.cases[1].line), (4, 11));
    }
}
