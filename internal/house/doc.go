// Package house holds the tests that keep the shape of the repository: which package may import which, that every given
// dependency does work in the product, and that every kind of finding has a runbook page. It has no code of its own.
package house
