// Package pgserver runs a private PostgreSQL from the binaries installed on the machine: the findings store when no DSN is
// configured, the database of the tests, and the two servers of the lab.
//
// Open shares one server between every program that names the same data folder. Building blocks for a throw-away server
// or a replicating pair are the methods of Binaries (Initdb, Start, BaseBackup) and of Server (Promote, Kill).
//
// A server listens on a Unix socket in a folder only its account may enter, so it needs no password. PostgreSQL refuses to
// run as root: started by root, it runs as the account postgres, else nobody.
package pgserver
