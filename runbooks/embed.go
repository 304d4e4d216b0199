// Package runbooks holds one page for every kind of finding, and how to operate the service, so that the program can show
// them where nothing but the program is installed.
package runbooks

import "embed"

//go:embed *.md
var pages embed.FS

// Page is the text of a page by its name without extension: a kind of finding, "operate" or "README".
func Page(name string) ([]byte, error) { return pages.ReadFile(name + ".md") }
