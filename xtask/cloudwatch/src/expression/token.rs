//! The tokens of an expression.

use super::{ExpressionError, Operator};

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Token {
    Number(f64),
    Word(String),
    Operator(Operator),
    Open,
    Close,
    Comma,
}

impl Token {
    /// Returns the token as an error message shows it.
    pub(super) fn describe(token: Option<&Self>) -> String {
        match token {
            None => "its end".to_owned(),
            Some(Self::Number(number)) => number.to_string(),
            Some(Self::Word(word)) => word.clone(),
            Some(Self::Operator(operator)) => operator.symbol().to_owned(),
            Some(Self::Open) => "(".to_owned(),
            Some(Self::Close) => ")".to_owned(),
            Some(Self::Comma) => ",".to_owned(),
        }
    }
}

const SYMBOLS: [(&str, Token); 16] = [
    ("==", Token::Operator(Operator::Equal)),
    ("!=", Token::Operator(Operator::NotEqual)),
    ("<=", Token::Operator(Operator::AtMost)),
    (">=", Token::Operator(Operator::AtLeast)),
    ("&&", Token::Operator(Operator::And)),
    ("||", Token::Operator(Operator::Or)),
    ("<", Token::Operator(Operator::Less)),
    (">", Token::Operator(Operator::Greater)),
    ("+", Token::Operator(Operator::Add)),
    ("-", Token::Operator(Operator::Subtract)),
    ("*", Token::Operator(Operator::Multiply)),
    ("/", Token::Operator(Operator::Divide)),
    ("^", Token::Operator(Operator::Power)),
    ("(", Token::Open),
    (")", Token::Close),
    (",", Token::Comma),
];

/// Splits an expression into tokens.
pub(super) fn tokens(text: &str) -> Result<Vec<Token>, ExpressionError> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let symbol = SYMBOLS.iter().find(|(symbol, _)| rest.starts_with(symbol));
        let length = if let Some((symbol, token)) = symbol {
            tokens.push(token.clone());
            symbol.len()
        } else {
            let end = rest.find(|it: char| !it.is_ascii_alphanumeric() && it != '_' && it != '.');
            let word = &rest[..end.unwrap_or(rest.len())];
            let unexpected =
                || ExpressionError::Syntax { found: first.to_string(), expected: "a number or a name" };
            tokens.push(match word {
                "" => return Err(unexpected()),
                "AND" => Token::Operator(Operator::And),
                "OR" => Token::Operator(Operator::Or),
                number if first.is_ascii_digit() || first == '.' => {
                    Token::Number(number.parse().map_err(|_| unexpected())?)
                }
                word => Token::Word(word.to_owned()),
            });
            word.len()
        };
        rest = rest[length..].trim_start();
    }
    Ok(tokens)
}
