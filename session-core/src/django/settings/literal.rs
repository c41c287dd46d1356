//! The literals that a setting may be.

use super::python::Token;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Literal {
    None,
    Bool(bool),
    Number(i64),
    Text(String),
    Bytes(Vec<u8>),
    List(Vec<Literal>),
}

impl Literal {
    /// Reads the whole right side of an assignment; `None` if it is no literal.
    pub(super) fn read(tokens: &[Token<'_>]) -> Option<Self> {
        let mut reader = Reader { tokens };
        let literal = reader.product()?;
        // Without brackets a tuple is one by its commas.
        let literal = match reader.tokens {
            [Token::Operator(','), ..] => {
                let mut items = vec![literal];
                while reader.is_next(',') {
                    if !reader.tokens.is_empty() {
                        items.push(reader.product()?);
                    }
                }
                Self::List(items)
            }
            _ => literal,
        };
        reader.tokens.is_empty().then_some(literal)
    }

    /// Says what Python takes the value for as a condition.
    pub(super) fn is_truthy(&self) -> bool {
        match self {
            Self::None => false,
            Self::Bool(value) => *value,
            Self::Number(number) => *number != 0,
            Self::Text(text) => !text.is_empty(),
            Self::Bytes(bytes) => !bytes.is_empty(),
            Self::List(items) => !items.is_empty(),
        }
    }
}

struct Reader<'a, 'b> {
    tokens: &'a [Token<'b>],
}

impl<'a, 'b> Reader<'a, 'b> {
    /// Reads a value, or numbers with `*` between them.
    fn product(&mut self) -> Option<Literal> {
        let mut product = self.value()?;
        while self.is_next('*') {
            let (Literal::Number(one), Literal::Number(other)) = (product, self.value()?) else {
                return None;
            };
            product = Literal::Number(one.checked_mul(other)?);
        }
        Some(product)
    }

    fn value(&mut self) -> Option<Literal> {
        match self.next()? {
            Token::Name("None") => Some(Literal::None),
            Token::Name("True") => Some(Literal::Bool(true)),
            Token::Name("False") => Some(Literal::Bool(false)),
            Token::Number(number) => number.map(Literal::Number),
            Token::Text(text) => {
                let mut whole = text.clone()?;
                // Neighbours are one text.
                while let [Token::Text(next), ..] = self.tokens {
                    whole.push_str(next.as_deref()?);
                    self.next();
                }
                Some(Literal::Text(whole))
            }
            Token::Bytes(bytes) => {
                let mut whole = bytes.clone()?;
                while let [Token::Bytes(next), ..] = self.tokens {
                    whole.extend(next.as_deref()?);
                    self.next();
                }
                Some(Literal::Bytes(whole))
            }
            Token::Operator('-') => match self.value()? {
                Literal::Number(number) => number.checked_neg().map(Literal::Number),
                _ => None,
            },
            Token::Operator('(') => {
                let (mut items, has_comma) = self.items(')')?;
                if items.len() == 1 && !has_comma {
                    items.pop()
                } else {
                    Some(Literal::List(items))
                }
            }
            Token::Operator('[') => Some(Literal::List(self.items(']')?.0)),
            _ => None,
        }
    }

    /// Reads values up to a bracket, and says whether there is a comma among them.
    fn items(&mut self, close: char) -> Option<(Vec<Literal>, bool)> {
        let (mut items, mut has_comma) = (Vec::new(), false);
        while !self.is_next(close) {
            items.push(self.product()?);
            if self.is_next(',') {
                has_comma = true;
            } else if self.is_next(close) {
                break;
            } else {
                return None;
            }
        }
        Some((items, has_comma))
    }

    /// Skips an operator, if it is the next token.
    fn is_next(&mut self, operator: char) -> bool {
        let is_next = self.tokens.first() == Some(&Token::Operator(operator));
        if is_next {
            self.tokens = &self.tokens[1..];
        }
        is_next
    }

    fn next(&mut self) -> Option<&'a Token<'b>> {
        let (first, rest) = self.tokens.split_first()?;
        self.tokens = rest;
        Some(first)
    }
}

#[cfg(test)]
mod tests {
    use super::super::python;
    use super::*;

    fn read(source: &str) -> Option<Literal> {
        Literal::read(&python::lines(source).unwrap()[0].tokens)
    }

    #[test]
    fn literals_and_products_of_numbers_are_read() {
        let text = |text: &str| Literal::Text(text.into());
        for (source, expected) in [
            ("None", Literal::None),
            ("True", Literal::Bool(true)),
            ("False", Literal::Bool(false)),
            ("5 * 60", Literal::Number(300)),
            ("60 * 60 * 24 * 7 * 2", Literal::Number(1_209_600)),
            ("(60 * 60) * -24", Literal::Number(-86_400)),
            ("'a' \"b\"", text("ab")),
            ("('a'\n'b')", text("ab")),
            ("b'a' b'b'", Literal::Bytes(b"ab".to_vec())),
            ("[]", Literal::List(vec![])),
            ("()", Literal::List(vec![])),
            ("['a', 'b',]", Literal::List(vec![text("a"), text("b")])),
            ("('a',)", Literal::List(vec![text("a")])),
            ("'a',", Literal::List(vec![text("a")])),
            ("'a', 'b'", Literal::List(vec![text("a"), text("b")])),
        ] {
            assert_eq!(read(source), Some(expected), "{source}");
        }
    }

    #[test]
    fn what_python_would_have_to_compute_is_no_literal() {
        for source in [
            "x",
            "os.environ['KEY']",
            "5 + 60",
            "1.5",
            "2 ** 3",
            "'a' * 50",
            "'a' + 'b'",
            "'a' if x else 'b'",
            "-'a'",
            "f'{a}'",
            "'a' f'{b}'",
            "b'a' b'\\777'",
            "[x]",
            "['a' 1]",
            "[",
            "(1",
            "True and False",
            "not True",
            "9223372036854775807 * 2",
            "{'a': 1}",
            "'a',,",
        ] {
            assert_eq!(read(source), None, "{source}");
        }
    }

    #[test]
    fn conditions_are_those_of_python() {
        for (source, expected) in [
            ("None", false),
            ("0", false),
            ("''", false),
            ("b''", false),
            ("[]", false),
            ("1", true),
            ("'False'", true),
            ("b'0'", true),
            ("[None]", true),
        ] {
            assert_eq!(read(source).unwrap().is_truthy(), expected, "{source}");
        }
    }
}
