package config

import (
	_ "embed" // the example is part of the program
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"

	"parallax/internal/audit"
)

//go:embed example.yaml
var example []byte

// Example is a commented configuration to start from. It loads as it is.
func Example() []byte { return example }

// Bounds of the file: its size in bytes and its open brackets, for the parser's time grows with their square.
const (
	maxSize = 1 << 18
	maxOpen = 1000
)

// Load reads the file at path and overrides it from env, which has the form of os.Environ. Everything that is wrong is
// reported at once, as Problems.
func Load(path string, env []string) (*Config, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("read configuration: %s does not exist: write one with `parallax config example > parallax.yaml`", path)
	}
	if err != nil {
		return nil, fmt.Errorf("read configuration: %w", err)
	}
	return parse(path, text, env)
}

// parse is Load with the file already read.
func parse(path string, text []byte, env []string) (*Config, error) {
	vars := newEnviron(env)
	d := &decoder{
		file:    path,
		lookup:  func(name string) (string, bool) { v, ok := vars[name]; return v, ok },
		read:    map[string]bool{},
		at:      map[string]position{},
		anchors: map[string]ast.Node{},
	}
	cfg := &Config{Path: path, Schedules: defaultSchedules()}
	root := reflect.ValueOf(cfg).Elem()
	if err := setDefaults(root); err != nil {
		return nil, fmt.Errorf("read configuration: %w", err)
	}
	body, err := parseYAML(path, text)
	if err != nil {
		return nil, err
	}
	if body != nil {
		d.value(body, root, "")
	}
	e := &environ{vars: vars, known: map[string]string{}, regions: func() []audit.Region { return cfg.Regions }}
	e.apply(root, "")
	d.likeNetworks(cfg.Settlement, e)
	if err := d.finish(cfg, e); err != nil {
		return nil, err
	}
	cfg.at = d.at
	return cfg, nil
}

// Problem is something wrong with a key that only the application can tell, at the place where the key or what holds it stands.
func (c *Config) Problem(key, text string) Problem {
	at := c.at[key]
	for k := key; at.line == 0 && k != ""; at = c.at[k] {
		k = parent(k)
	}
	return Problem{File: c.Path, Line: at.line, Column: at.column, Key: key, Text: text}
}

// finish resolves what refers to something outside, then checks the whole.
func (d *decoder) finish(cfg *Config, e *environ) error {
	if err := resolvePaths(cfg); err != nil {
		return err
	}
	for _, c := range connections(cfg) {
		d.password(c, filepath.Dir(cfg.Path))
	}
	for _, one := range deliveries(cfg) {
		d.secrets(one)
	}
	e.refuseUnknown(d.read)
	if len(d.problems)+len(e.problems) == 0 { // what was misread would only be reported a second time
		d.check(cfg)
	}
	if all := slices.Concat(d.problems, e.problems); len(all) > 0 {
		return all.Sorted()
	}
	return nil
}

// parseYAML returns the body of the file's only document, nil if it is empty. The parser's own errors show lines of the
// file, which can hold secrets, so only their position and message are kept.
func parseYAML(path string, text []byte) (body ast.Node, err error) {
	defer func() {
		if recover() != nil { // the parser panics on some malformed input
			body, err = nil, Problem{File: path, Text: "not valid YAML"}
		}
	}()
	if len(text) > maxSize {
		return nil, Problem{File: path, Text: fmt.Sprintf("the file has %d bytes, more than %d", len(text), maxSize)}
	}
	if openBrackets(text) > maxOpen {
		return nil, Problem{File: path, Text: fmt.Sprintf("more than %d brackets are open at once", maxOpen)}
	}
	file, err := parser.ParseBytes(text, 0, parser.AllowDuplicateMapKey())
	if err != nil {
		return nil, syntaxProblem(path, err)
	}
	for _, doc := range file.Docs {
		switch {
		case doc.Body == nil || doc.Body.Type() == ast.CommentType:
		case doc.Body.Type() == ast.DirectiveType:
		case body != nil:
			return nil, Problem{File: path, Line: doc.Body.GetToken().Position.Line, Column: 1, Text: "only one document is read: remove the second"}
		default:
			body = doc.Body
		}
	}
	return body, nil
}

// openBrackets is how many brackets are open at most at any point, wherever they stand.
func openBrackets(text []byte) int {
	open, most := 0, 0
	for _, c := range text {
		switch c {
		case '[', '{':
			open++
			most = max(most, open)
		case ']', '}':
			open--
		}
	}
	return most
}

func syntaxProblem(path string, err error) error {
	p := Problem{File: path, Text: "not valid YAML"}
	var syntax yaml.Error
	if !errors.As(err, &syntax) {
		return p
	}
	p.Text += ": " + strings.TrimSpace(syntax.GetMessage())
	if t := syntax.GetToken(); t != nil && t.Position != nil {
		p.Line, p.Column = t.Position.Line, t.Position.Column
	}
	return p
}

// defaultSchedules is when each job runs, in UTC.
func defaultSchedules() map[string]string {
	return map[string]string{
		"capture":    "*/10 * * * *",
		"lww":        "5 * * * *",
		"ledger":     "10 * * * *",
		"receipts":   "0 3 * * *",
		"lag":        "*/5 * * * *",
		"settlement": "0 7 * * *",
		"chain":      "30 7 * * *",
		"failover":   "*/5 * * * *",
	}
}
