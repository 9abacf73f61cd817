//! Encryption of connections, with the meaning that libpq gives to `sslmode`.

use super::url::{Address, Security};
use crate::clients::roots::roots;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, Error, SignatureScheme};
use std::sync::Arc;
use tokio_postgres_rustls::MakeRustlsConnect;

/// What connections are encrypted with; an error names the file that cannot be read.
pub fn connector(address: &Address) -> Result<MakeRustlsConnect, String> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let versions = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(|error| format!("encryption cannot be set up: {error}"))?;
    let verifier = Verifier { trust: trust(address, &provider)?, provider };
    let config = versions
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_no_client_auth();
    Ok(MakeRustlsConnect::new(config))
}

/// Whom a certificate is asked for.
#[derive(Debug)]
enum Trust {
    /// Nobody: what libpq does below `verify-ca` without a root certificate.
    Anybody,
    Signed(Arc<WebPkiServerVerifier>),
    SignedForHost(Arc<WebPkiServerVerifier>),
}

fn trust(address: &Address, provider: &Arc<CryptoProvider>) -> Result<Trust, String> {
    let security = match address.security {
        // A root certificate that is named wants to be looked at, as libpq does.
        Security::Require if address.root_certificates.is_some() => Security::VerifyAuthority,
        other => other,
    };
    let verifier = || {
        let file = address.root_certificates.as_deref();
        let roots = Arc::new(roots(file, "name a file with `sslrootcert`")?);
        WebPkiServerVerifier::builder_with_provider(roots, Arc::clone(provider))
            .build()
            .map_err(|error| format!("the root certificates cannot be used: {error}"))
    };
    match security {
        Security::Disable | Security::Prefer | Security::Require => Ok(Trust::Anybody),
        Security::VerifyAuthority => verifier().map(Trust::Signed),
        Security::VerifyFull => verifier().map(Trust::SignedForHost),
    }
}

#[derive(Debug)]
struct Verifier {
    trust: Trust,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end: &CertificateDer<'_>,
        between: &[CertificateDer<'_>],
        server: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        match &self.trust {
            Trust::Anybody => Ok(ServerCertVerified::assertion()),
            Trust::SignedForHost(inner) => {
                inner.verify_server_cert(end, between, server, ocsp, now)
            }
            Trust::Signed(inner) => {
                match inner.verify_server_cert(end, between, server, ocsp, now) {
                    Err(Error::InvalidCertificate(
                        CertificateError::NotValidForName
                        | CertificateError::NotValidForNameContext { .. },
                    )) => Ok(ServerCertVerified::assertion()),
                    other => other,
                }
            }
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
