//! Messages of the PostgreSQL protocol.

use std::collections::HashMap;
use std::io;

use tokio::io::{AsyncRead, AsyncReadExt};

use crate::{Statement, Value};

/// PostgreSQL accepts no longer messages.
const MAXIMUM_LENGTH: usize = 1 << 30;

/// A raw message.
pub(super) struct Message {
    bytes: Vec<u8>,
    /// Start of the body, after the type and the length. The first message of a client has no type.
    body: usize,
}

impl Message {
    /// Reads the first message of a client.
    pub(super) async fn read_startup(from: &mut (impl AsyncRead + Unpin)) -> io::Result<Self> {
        Self::read_rest(from, Vec::new()).await
    }

    pub(super) async fn read(from: &mut (impl AsyncRead + Unpin)) -> io::Result<Self> {
        let kind = from.read_u8().await?;
        Self::read_rest(from, vec![kind]).await
    }

    async fn read_rest(from: &mut (impl AsyncRead + Unpin), mut bytes: Vec<u8>) -> io::Result<Self> {
        let length = from.read_u32().await?;
        bytes.extend(length.to_be_bytes());
        let body = bytes.len();
        // The length includes itself.
        let rest = usize::try_from(length).ok().and_then(|length| length.checked_sub(4));
        let rest = rest.filter(|rest| *rest < MAXIMUM_LENGTH).ok_or_else(malformed)?;
        bytes.resize(body + rest, 0);
        from.read_exact(&mut bytes[body..]).await?;
        Ok(Self { bytes, body })
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    pub(super) fn body(&self) -> &[u8] {
        &self.bytes[self.body..]
    }

    /// Returns the type as a letter, or 0 for the first message of a client.
    pub(super) fn kind(&self) -> u8 {
        if self.body == 5 { self.bytes[0] } else { 0 }
    }

    /// Returns whether the client waits for the server after this message.
    ///
    /// It does after startup, password, query, sync and flush.
    pub(super) fn expects_response(&self) -> bool {
        matches!(self.kind(), 0 | b'p' | b'Q' | b'S' | b'H')
    }

    /// Returns whether the message ends the connection.
    pub(super) fn is_termination(&self) -> bool {
        self.kind() == b'X'
    }

    pub(super) fn is_ready_for_query(&self) -> bool {
        self.kind() == b'Z'
    }
}

fn malformed() -> io::Error {
    io::ErrorKind::InvalidData.into()
}

/// A statement that is prepared with a name.
pub(super) struct Parse {
    name: String,
    text: String,
    types: Vec<u32>,
}

impl Parse {
    pub(super) fn from_body(body: &[u8]) -> io::Result<Self> {
        let mut reader = Reader(body);
        let (name, text) = (reader.text()?, reader.text()?);
        let count = reader.u16()?;
        let types = (0..count).map(|_| reader.u32()).collect::<io::Result<_>>()?;
        Ok(Self { name, text, types })
    }
}

/// Parameter values for a prepared statement.
pub(super) struct Bind {
    statement: String,
    values: Vec<Option<Vec<u8>>>,
}

impl Bind {
    pub(super) fn from_body(body: &[u8]) -> io::Result<Self> {
        let mut reader = Reader(body);
        let (_portal, statement) = (reader.text()?, reader.text()?);
        for _ in 0..reader.u16()? {
            let _format = reader.u16()?;
        }
        let count = reader.u16()?;
        let values = (0..count).map(|_| reader.value()).collect::<io::Result<_>>()?;
        Ok(Self { statement, values })
    }
}

/// Returns the statement of a query without parameters.
pub(super) fn simple_query(body: &[u8]) -> io::Result<Statement> {
    Ok(Statement { text: Reader(body).text()?, values: Vec::new() })
}

/// The prepared statements of a connection, and the parameter values for the next execution.
#[derive(Default)]
pub(super) struct Statements {
    prepared: HashMap<String, Parse>,
    bound: Option<Bind>,
}

impl Statements {
    pub(super) fn prepare(&mut self, parse: Parse) {
        self.prepared.insert(parse.name.clone(), parse);
    }

    pub(super) fn bind(&mut self, bind: Bind) {
        self.bound = Some(bind);
    }

    /// Returns the statement that is about to be executed.
    pub(super) fn bound(&mut self) -> io::Result<Statement> {
        let bind = self.bound.take().ok_or_else(malformed)?;
        let parse = self.prepared.get(&bind.statement).ok_or_else(malformed)?;
        let values = parse.types.iter().zip(bind.values);
        let values = values.map(|(type_id, bytes)| Value { type_id: *type_id, bytes }).collect();
        Ok(Statement { text: parse.text.clone(), values })
    }
}

/// A reader of the fields in a body.
struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    fn text(&mut self) -> io::Result<String> {
        let end = self.0.iter().position(|byte| *byte == 0).ok_or_else(malformed)?;
        let text = String::from_utf8(self.0[..end].to_vec()).map_err(|_| malformed())?;
        self.0 = &self.0[end + 1..];
        Ok(text)
    }

    fn array<const N: usize>(&mut self) -> io::Result<[u8; N]> {
        let (array, rest) = self.0.split_first_chunk().ok_or_else(malformed)?;
        self.0 = rest;
        Ok(*array)
    }

    fn u16(&mut self) -> io::Result<u16> {
        self.array().map(u16::from_be_bytes)
    }

    fn u32(&mut self) -> io::Result<u32> {
        self.array().map(u32::from_be_bytes)
    }

    /// Reads a length, which is -1 for NULL, and that number of bytes.
    fn value(&mut self) -> io::Result<Option<Vec<u8>>> {
        let length = self.array().map(i32::from_be_bytes)?;
        let Ok(length) = usize::try_from(length) else { return Ok(None) };
        let (value, rest) = self.0.split_at_checked(length).ok_or_else(malformed)?;
        self.0 = rest;
        Ok(Some(value.to_vec()))
    }
}
