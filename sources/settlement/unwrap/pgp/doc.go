// Package pgp decrypts settlement files that are OpenPGP messages, as a stream: RFC 9580, RFC 4880 and what GnuPG makes.
package pgp
