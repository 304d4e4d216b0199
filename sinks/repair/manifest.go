package repair

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"path"
	"strings"
	"time"

	"parallax/internal/audit"
	"parallax/internal/record"
)

// ManifestName is the file that says what the others are.
const ManifestName = "manifest.json"

// format is the manifest's own version.
const format = "parallax repair 1"

// Manifest lists the files of one plan, and each repair with the guard by which it is checked.
type Manifest struct {
	Format   string        `json:"format"`
	AsOf     time.Time     `json:"as_of"`
	Written  time.Time     `json:"written"`
	Expires  time.Time     `json:"expires"`
	Window   *audit.Window `json:"window,omitempty"` // whose findings were taken; absent: all that stood
	Checksum string        `json:"checksum"`
	Files    []File        `json:"files"`
	Steps    []Step        `json:"steps"`
	ByHand   []ByHand      `json:"by_hand"`
}

// File is one file of a plan.
type File struct {
	Name     string              `json:"name"`
	SHA256   string              `json:"sha256"`
	Bytes    int                 `json:"bytes"`
	Purpose  string              `json:"purpose,omitempty"`
	Repairs  int                 `json:"repairs,omitempty"`
	Money    []audit.Money       `json:"money,omitempty"` // at stake, per currency
	Findings []audit.Fingerprint `json:"findings,omitempty"`
	Apply    string              `json:"apply,omitempty"` // the command that carries it out; none for a file that another one uses
	Check    string              `json:"check,omitempty"`
}

// Step is one repair and its guard: one of Row, Item, Object and Charge.
type Step struct {
	About
	File    string       `json:"file"`
	Action  string       `json:"action"`
	Why     string       `json:"why,omitempty"`       // of several ways of mending, this one
	Instead string       `json:"otherwise,omitempty"` // what the other way would have come to
	Then    string       `json:"then,omitempty"`      // a command for afterwards, if a person decides so
	Row     *RowGuard    `json:"row,omitempty"`
	Item    *ItemGuard   `json:"item,omitempty"`
	Object  *ObjectGuard `json:"object,omitempty"`
	Charge  *ChargeGuard `json:"charge,omitempty"`
}

// RowGuard is what has to be true of a ledger's row; About.Scope names the ledger. Values are PostgreSQL's text; null is NULL.
type RowGuard struct {
	Target    audit.Region       `json:"target,omitempty"` // whose database is asked; absent: the one in force
	PaymentID string             `json:"payment_id"`
	Insert    bool               `json:"insert"`
	Most      int                `json:"most,omitempty"`     // insert: fewer rows of the payment than this have to be there
	Alike     int                `json:"alike,omitempty"`    // insert: that many rows with what is to become of it are others
	Identity  map[string]*string `json:"identity,omitempty"` // the row id of the row to be changed
	Expect    map[string]*string `json:"expect,omitempty"`   // of the row to be changed
	Become    map[string]*string `json:"become"`             // what tells that it is mended
}

// ItemGuard is what has to be true of an item of a table; About.Scope names the table, About.Region where it is read.
type ItemGuard struct {
	Key    string         `json:"key"`    // as record.Change has it
	States []record.Image `json:"states"` // before each write, and after the last one; empty: no item
}

// ObjectGuard is what has to be true of an object.
type ObjectGuard struct {
	Copy      bool   `json:"copy"`
	Into      *Place `json:"into,omitempty"` // the bucket a copy is written to
	From      Place  `json:"from"`
	To        Place  `json:"to"`
	Key       string `json:"key"`
	VersionID string `json:"version_id,omitempty"`
	ETag      string `json:"etag"`
	Size      int64  `json:"size"`
	Target    Head   `json:"target"` // what stood where it is to go
}

// ChargeGuard is what has to be true of a charge; About.Scope names the ledger.
type ChargeGuard struct {
	PaymentID string `json:"payment_id"`
	RowID     string `json:"row_id,omitempty"`
	Status    string `json:"status"`
	InForce   bool   `json:"in_force"`
	Kept      string `json:"kept_payment_id"` // the payment that has to be charged still, in its row
	KeptRow   string `json:"kept_row_id,omitempty"`
}

// body is a file before it is written; parts belong to another file, which is the one that is approved.
type body struct {
	name    string
	data    []byte
	part    bool
	about   []About
	purpose string
	count   int
	apply   string
}

// Output is what a plan comes to: the files by name, the manifest among them.
type Output struct {
	Manifest Manifest
	Files    []Content // in the order to write them: the manifest last, so that what it names is there
}

// Content is one file.
type Content struct {
	Name string // slashes part folders
	Data []byte
}

// Write spells out a plan. The same plan gives the same bytes.
func Write(p Plan) (Output, error) {
	bodies, steps, err := p.bodies()
	if err != nil {
		return Output{}, err
	}
	m := Manifest{
		Format: format, AsOf: p.AsOf.UTC(), Written: p.Written.UTC(), Expires: p.Expires.UTC(), Window: p.Window, Checksum: "sha256",
		Files: []File{}, Steps: steps, ByHand: p.ByHand,
	}
	if m.ByHand == nil {
		m.ByHand = []ByHand{}
	}
	var out Output
	for _, b := range bodies {
		sum := sha256.Sum256(b.data)
		f := File{Name: b.name, SHA256: hex.EncodeToString(sum[:]), Bytes: len(b.data)}
		if !b.part {
			f.Purpose, f.Repairs, f.Money, f.Findings = b.purpose, b.count, totals(b.about), fingerprints(b.about)
			f.Apply, f.Check = b.apply, "parallax repair check ."
		}
		m.Files = append(m.Files, f)
		out.Files = append(out.Files, Content{Name: b.name, Data: b.data})
	}
	data, err := marshal(m)
	if err != nil {
		return Output{}, err
	}
	out.Manifest = m
	out.Files = append(out.Files, Content{Name: ManifestName, Data: data})
	return out, nil
}

// ParseManifest reads a manifest; one of another version, or that names a file outside its folder, is an error.
func ParseManifest(data []byte) (Manifest, error) {
	var m Manifest
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&m); err != nil {
		return m, fmt.Errorf("it is no manifest of repair files: %w", err)
	}
	if m.Format != format {
		return m, fmt.Errorf("its format is %q, not %q", m.Format, format)
	}
	for _, f := range m.Files {
		if f.Name == "" || path.IsAbs(f.Name) || path.Clean(f.Name) != f.Name || f.Name == ".." || strings.HasPrefix(f.Name, "../") || strings.Contains(f.Name, `\`) {
			return m, fmt.Errorf("%q is no name of a file beside it", f.Name)
		}
	}
	for i, s := range m.Steps {
		if len(s.Findings) == 0 || s.guards() != 1 || s.Item != nil && len(s.Item.States) < 2 {
			return m, fmt.Errorf("step %d has no finding, or not one guard", i+1)
		}
	}
	return m, nil
}

func (s Step) guards() int {
	n := 0
	for _, there := range []bool{s.Row != nil, s.Item != nil, s.Object != nil, s.Charge != nil} {
		if there {
			n++
		}
	}
	return n
}

// ErrAltered says that a file is not the one that was written.
var ErrAltered = errors.New("its content is not the one that was written")

// Verify holds a file's bytes against the manifest.
func (f File) Verify(data []byte) error {
	sum := sha256.Sum256(data)
	if len(data) != f.Bytes || hex.EncodeToString(sum[:]) != f.SHA256 {
		return fmt.Errorf("%s: %w", f.Name, ErrAltered)
	}
	return nil
}
