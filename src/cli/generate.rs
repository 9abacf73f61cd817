//! `generate`: data to standard output or a file.

use crate::cli::arguments::{DataFormat, Generate};
use crate::cli::{exit, out};
use crate::clients::disk::RealDisk;
use crate::core::disk::{Access, Disk, DiskFile, parent_of};
use crate::generator::{Format, Generator, Schema, generate_parallel};
use crate::stack;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::sync::Arc;

/// Where time begins unless a field says `from`: 2026-01-01T00:00:00Z.
const ORIGIN_MS: i64 = 1_767_225_600_000;

pub(super) fn generate(options: &Generate) -> exit::Code {
    let (name, text) = if Path::new(&options.schema).is_file() {
        match std::fs::read_to_string(&options.schema) {
            Ok(text) => (options.schema.clone(), text),
            Err(error) => {
                out::error(&format!("{} cannot be read: {error}", options.schema));
                return exit::FAILURE;
            }
        }
    } else if options.schema.is_empty() || options.schema.contains([':', '{', '[']) {
        ("schema".to_owned(), options.schema.clone())
    } else {
        out::error(&format!(
            "there is no file {}, and it is no description either; write one like \
             '{{ id: uuid, name: person.name }}'",
            options.schema
        ));
        return exit::USAGE;
    };
    let fields = match stack::record(&name, &text) {
        Ok(fields) => fields,
        Err(diagnostics) => {
            out::tell(&diagnostics.render(out::is_colourful()));
            return exit::BAD_STACK;
        }
    };
    let Ok(schema) = Schema::parse(&fields) else { return exit::BAD_STACK };
    let generator = Generator::new(Arc::new(schema), options.seed, "generate", ORIGIN_MS);
    let written = match &options.output {
        None => write(&generator, options, &mut std::io::stdout().lock()),
        Some(path) => to_file(&generator, options, path),
    };
    match written {
        Ok(()) => exit::OK,
        // Whoever reads the pipe has seen enough.
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => exit::OK,
        Err(error) => {
            out::error(&error.to_string());
            exit::FAILURE
        }
    }
}

fn to_file(generator: &Generator, options: &Generate, path: &Path) -> std::io::Result<()> {
    let disk = RealDisk;
    disk.create_dir_all(parent_of(path)).map_err(std::io::Error::other)?;
    let mut file = disk.open(path, Access::ReadWrite).map_err(std::io::Error::other)?;
    file.truncate(0).map_err(std::io::Error::other)?;
    let mut out = Out { file: file.as_mut(), at: 0 };
    write(generator, options, &mut out)?;
    file.sync().map_err(std::io::Error::other)
}

fn write(generator: &Generator, options: &Generate, out: &mut dyn Write) -> std::io::Result<()> {
    let mut out = BufWriter::with_capacity(256 * 1024, out);
    let format = match options.format {
        DataFormat::Ndjson => Format::Ndjson,
        DataFormat::Csv => {
            let mut header = Vec::new();
            generator.write_csv_header(&mut header);
            out.write_all(&header)?;
            Format::Csv
        }
    };
    let range = options.from..options.from.saturating_add(options.number);
    generate_parallel(generator, range, format, usize::from(options.workers), &mut out)?;
    out.flush()
}

/// A file of the disk as a stream.
struct Out<'a> {
    file: &'a mut dyn DiskFile,
    at: u64,
}

impl Write for Out<'_> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.file.write_at(bytes, self.at).map_err(std::io::Error::other)?;
        self.at += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
