package repair

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
)

// bodies are all files of a plan and the steps they do, in a fixed order.
func (p Plan) bodies() ([]body, []Step, error) {
	var bodies []body
	steps := []Step{}
	for _, g := range grouped(p.Rows, Row.file, Row.order) {
		name := g.name + ".sql"
		rows := numbered(g.members)
		about := rowsAbout(rows)
		bodies = append(bodies, body{
			name: name, data: ledgerSQL(p, name, rows), about: about, count: len(rows),
			purpose: rows[0].purpose(), apply: rows[0].apply(name),
		})
		for _, r := range rows {
			steps = append(steps, r.step(name))
		}
	}
	for _, g := range grouped(p.Items, func(it Item) string { return "keys-" + fileName(it.Scope) }, Item.order) {
		files, err := keysFiles(p, g.name, g.members)
		if err != nil {
			return nil, nil, err
		}
		bodies = append(bodies, files...)
		for _, it := range g.members {
			steps = append(steps, it.step(g.name+".json"))
		}
	}
	objects := once(slices.SortedStableFunc(slices.Values(p.Objects), Object.order))
	for _, g := range grouped(objects, Object.file, Object.order) {
		bodies = append(bodies, objectFiles(p, g.name, g.members)...)
		for _, o := range g.members {
			steps = append(steps, o.step(g.name+".csv"))
		}
	}
	explanations, err := explained(p, objects)
	if err != nil {
		return nil, nil, err
	}
	bodies = append(bodies, explanations...)
	if len(p.Refunds) == 0 {
		return bodies, steps, nil
	}
	const name = "refunds.csv"
	refunds := slices.Clone(p.Refunds)
	slices.SortFunc(refunds, func(a, b Refund) int {
		return cmp.Or(a.order(b), cmp.Compare(a.PaymentID, b.PaymentID), cmp.Compare(a.RowID, b.RowID))
	})
	data, err := refundsCSV(p, refunds)
	if err != nil {
		return nil, nil, err
	}
	bodies = append(bodies, body{
		name: name, data: data, about: refundsAbout(refunds), purpose: "charges to be given back: one order, charged more than once", count: len(refunds),
		apply: "by hand, in the system that makes refunds; record each there with its finding_id, so that none is made twice",
	})
	for _, r := range refunds {
		steps = append(steps, r.step(name))
	}
	return bodies, steps, nil
}

type group[T any] struct {
	name    string
	members []T
}

// grouped parts repairs by the file they go into; files and what is in them are in order.
func grouped[T any](all []T, file func(T) string, order func(T, T) int) []group[T] {
	all = slices.Clone(all)
	slices.SortStableFunc(all, func(a, b T) int { return cmp.Or(cmp.Compare(file(a), file(b)), order(a, b)) })
	var out []group[T]
	for _, v := range all {
		if n := len(out); n == 0 || out[n-1].name != file(v) {
			out = append(out, group[T]{name: file(v)})
		}
		last := &out[len(out)-1]
		last.members = append(last.members, v)
	}
	return out
}

func (a About) order(b About) int {
	return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Key, b.Key), slices.Compare(a.Findings, b.Findings))
}

func (r Row) order(o Row) int    { return r.About.order(o.About) }
func (it Item) order(o Item) int { return it.About.order(o.About) }
func (o Object) order(p Object) int {
	return cmp.Or(o.About.order(p.About), cmp.Compare(o.VersionID, p.VersionID))
}
func (r Refund) order(o Refund) int { return r.About.order(o.About) }

// file is the ledger's, or that of one region's part of it. No name of a ledger has a dot in a file's name.
func (r Row) file() string {
	if r.Target != "" {
		return "ledger-" + fileName(r.Scope) + "." + fileName(string(r.Target))
	}
	return "ledger-" + fileName(r.Scope)
}

// file is the manifest an object goes into: one bucket, one purpose, one storage class.
func (o Object) file() string {
	what := "replicate-" + string(o.From.Region)
	if o.Copy {
		what = "copy-" + string(o.From.Region)
		if o.Into != o.From {
			what += "-to-" + string(o.Into.Region)
		}
		if o.Class != "" && o.Class != standard {
			what += "-" + o.Class
		}
	}
	return fileName(o.Scope) + "-" + fileName(what)
}

// fileName keeps of a name what is plain in every file system and shell. What loses something by that gets a hash, so that two
// names stay two.
func fileName(s string) string {
	plain := strings.Map(func(r rune) rune {
		if r == '-' || r == '_' || '0' <= r && r <= '9' || 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' {
			return r
		}
		return '_'
	}, s)
	if plain == s {
		return s
	}
	sum := sha256.Sum256([]byte(s))
	return plain + "-" + hex.EncodeToString(sum[:4])
}

func (r Row) step(file string) Step {
	g := &RowGuard{Target: r.Target, PaymentID: *r.Payment.Value, Insert: r.Insert != nil, Identity: values(r.Identity), Expect: values(r.Expect)}
	action := "update row"
	g.Become = values(lasting(r.Set, r.Lasting))
	if g.Insert {
		action = "insert row"
		g.Become, g.Most, g.Alike = values(lasting(r.Insert, r.Lasting)), r.most(), r.Alike
	}
	return Step{About: r.About, File: file, Action: action, Row: g}
}

func values(columns []Column) map[string]*string {
	out := make(map[string]*string, len(columns))
	for _, c := range columns {
		out[c.Name] = c.Value
	}
	return out
}

func (it Item) step(file string) Step {
	g := &ItemGuard{Key: it.Key}
	actions := make([]string, len(it.Writes))
	for i, w := range it.Writes {
		g.States = append(g.States, w.Before)
		actions[i] = w.Operation
	}
	g.States = append(g.States, it.Writes[len(it.Writes)-1].After)
	return Step{About: it.About, File: file, Action: strings.Join(actions, ", "), Item: g}
}

func (o Object) step(file string) Step {
	g := &ObjectGuard{Copy: o.Copy, From: o.From, To: o.To, Key: o.Key, VersionID: o.VersionID, ETag: o.ETag, Size: o.Size, Target: o.Target}
	action := "replicate object"
	if o.Copy {
		action, g.Into = "copy object", &o.Into
	}
	return Step{About: o.About, File: file, Action: action, Why: o.Why, Instead: o.Instead, Then: o.Then, Object: g}
}

func (r Refund) step(file string) Step {
	return Step{About: r.About, File: file, Action: "refund payment", Charge: &ChargeGuard{
		PaymentID: r.PaymentID, RowID: r.RowID, Status: r.Status, InForce: r.InForce, Kept: r.Kept, KeptRow: r.KeptRow,
	}}
}
