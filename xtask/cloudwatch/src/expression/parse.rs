//! Parses expressions by recursive descent.

use std::iter::Peekable;
use std::vec::IntoIter;

use super::token::{Token, tokens};
use super::{Expression, ExpressionError, Filling, Operator};

/// The depth at which an expression is rejected, so that none overflows the stack.
const MAXIMUM_DEPTH: usize = 64;

/// The operators from those that bind least to those that bind most.
const PRECEDENCE: [&[Operator]; 6] = [
    &[Operator::Or],
    &[Operator::And],
    &[
        Operator::Equal,
        Operator::NotEqual,
        Operator::AtMost,
        Operator::AtLeast,
        Operator::Less,
        Operator::Greater,
    ],
    &[Operator::Add, Operator::Subtract],
    &[Operator::Multiply, Operator::Divide],
    &[Operator::Power],
];

struct Parser {
    tokens: Peekable<IntoIter<Token>>,
    depth: usize,
}

pub(super) fn parse(text: &str) -> Result<Expression, ExpressionError> {
    let mut parser = Parser { tokens: tokens(text)?.into_iter().peekable(), depth: 0 };
    let expression = parser.expression()?;
    match parser.tokens.peek() {
        None => Ok(expression),
        found => Err(syntax(found, "an operator")),
    }
}

fn syntax(found: Option<&Token>, expected: &'static str) -> ExpressionError {
    ExpressionError::Syntax { found: Token::describe(found), expected }
}

impl Parser {
    fn expression(&mut self) -> Result<Expression, ExpressionError> {
        self.depth += 1;
        if self.depth > MAXIMUM_DEPTH {
            return Err(ExpressionError::TooDeep);
        }
        let expression = self.binary(&PRECEDENCE)?;
        self.depth -= 1;
        Ok(expression)
    }

    fn binary(&mut self, levels: &[&[Operator]]) -> Result<Expression, ExpressionError> {
        let Some((level, higher)) = levels.split_first() else { return self.operand() };
        let mut left = self.binary(higher)?;
        while let Some(Token::Operator(operator)) = self.tokens.peek()
            && level.contains(operator)
        {
            let operator = *operator;
            self.tokens.next();
            left = Expression::Binary(operator, Box::new(left), Box::new(self.binary(higher)?));
        }
        Ok(left)
    }

    fn operand(&mut self) -> Result<Expression, ExpressionError> {
        match self.tokens.next() {
            Some(Token::Number(number)) => Ok(Expression::Number(number)),
            Some(Token::Word(word)) if self.tokens.peek() == Some(&Token::Open) => self.function(word),
            Some(Token::Word(word)) => Ok(Expression::Id(word)),
            Some(Token::Operator(Operator::Subtract)) => {
                self.depth += 1;
                if self.depth > MAXIMUM_DEPTH {
                    return Err(ExpressionError::TooDeep);
                }
                let operand = self.operand()?;
                self.depth -= 1;
                Ok(Expression::Negative(Box::new(operand)))
            }
            Some(Token::Open) => {
                let expression = self.expression()?;
                self.take(&Token::Close, "a closing parenthesis")?;
                Ok(expression)
            }
            found => Err(syntax(found.as_ref(), "a number, a name or a parenthesis")),
        }
    }

    fn function(&mut self, name: String) -> Result<Expression, ExpressionError> {
        self.take(&Token::Open, "a parenthesis")?;
        let function = match name.as_str() {
            "IF" => {
                let condition = self.expression()?;
                self.take(&Token::Comma, "a comma")?;
                let then = self.expression()?;
                self.take(&Token::Comma, "a comma")?;
                Expression::If(Box::new([condition, then, self.expression()?]))
            }
            "FILL" => {
                let series = Box::new(self.expression()?);
                self.take(&Token::Comma, "a comma")?;
                Expression::Fill(series, self.filling()?)
            }
            "EPOCH" => Expression::Epoch(Box::new(self.expression()?)),
            _ => return Err(ExpressionError::Function(name)),
        };
        self.take(&Token::Close, "a closing parenthesis")?;
        Ok(function)
    }

    fn filling(&mut self) -> Result<Filling, ExpressionError> {
        match self.expression()? {
            Expression::Id(word) if word == "REPEAT" => Ok(Filling::Repeat),
            Expression::Id(word) if word == "LINEAR" => {
                Err(ExpressionError::Function("FILL(…, LINEAR)".to_owned()))
            }
            value => Ok(Filling::Value(Box::new(value))),
        }
    }

    fn take(&mut self, token: &Token, expected: &'static str) -> Result<(), ExpressionError> {
        match self.tokens.next() {
            Some(found) if found == *token => Ok(()),
            found => Err(syntax(found.as_ref(), expected)),
        }
    }
}
