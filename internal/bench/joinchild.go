package main

import (
	"bufio"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"runtime/debug"
	"strings"
	"time"

	"parallax/internal/bench/breaks"
	"parallax/internal/join"
	"parallax/internal/tabular"
)

// joining is what the arguments of a join say.
type joining struct {
	keys         []string
	number, text string
	memory       int64 // MiB, of the whole process
	hold         int64 // KiB that the match may hold; 0 leaves half of the memory to it
	temp         string
	list         bool
	files        [2]string
}

// joinChild joins two files with the product's join, and prints what it came to as JSON: counts and a checksum of the breaks,
// or with -list every break.
func joinChild(ctx context.Context, args []string, out io.Writer) error {
	var j joining
	flags := flag.NewFlagSet("join", flag.ContinueOnError)
	keys := flags.String("keys", "reference", "columns that rows are joined by")
	flags.StringVar(&j.number, "number", "amount_minor", "column of integers that is compared")
	flags.StringVar(&j.text, "text", "currency", "column of texts that is compared")
	flags.Int64Var(&j.memory, "memory", 512, "memory of the process, in MiB")
	flags.Int64Var(&j.hold, "hold", 0, "memory of the match, in KiB; half of the process's if zero")
	flags.StringVar(&j.temp, "temp", "", "folder to spill to")
	flags.BoolVar(&j.list, "list", false, "print every break")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() != 2 || j.memory < 1 {
		return fmt.Errorf("%q are not two files", flags.Args())
	}
	j.keys, j.files = strings.Split(*keys, ","), [2]string{flags.Arg(0), flags.Arg(1)}
	debug.SetMemoryLimit(j.memory << 20)
	stop, err := profile()
	if err != nil {
		return err
	}
	defer stop()
	return j.match(ctx, out)
}

// budget is how much of the process's memory the match may hold: the rest is for the scans, and for what the collector has
// not yet come to.
func (j joining) budget() int64 {
	if j.hold > 0 {
		return j.hold << 10
	}
	return j.memory << 20 * 3 / 4
}

func (j joining) match(ctx context.Context, out io.Writer) error {
	start := time.Now()
	var sides [2]join.Side
	for i, name := range j.files {
		t, err := tabular.Open(name, tabular.Options{})
		if err != nil {
			return err
		}
		defer t.Close() //nolint:errcheck // only read
		value := []tabular.Field{tabular.Decimal(j.number, 0), {Name: j.text}}
		if sides[i], err = t.Side(name, tabular.Fields(j.keys...), value); err != nil {
			return err
		}
	}
	result, err := join.Match(ctx, sides[0], sides[1], join.Config{Memory: j.budget(), Dir: j.temp})
	if err != nil {
		return err
	}
	defer result.Close() //nolint:errcheck // only read
	if j.list {
		return list(ctx, result, out)
	}
	var sum breaks.Sum
	if err := add(ctx, result, &sum); err != nil {
		return err
	}
	return json.NewEncoder(out).Encode(joined{Seconds: time.Since(start).Seconds(), Breaks: sum.Count, Checksum: sum.String()})
}

// add adds up the breaks. Rows without a key are one.
func add(ctx context.Context, result *join.Result, sum *breaks.Sum) error {
	var keyless breaks.Break
	for b, err := range result.Breaks(ctx) {
		if err != nil {
			return err
		}
		into := &keyless
		if !b.Null {
			fields, err := join.UnpackKey(b.Key)
			if err != nil {
				return err
			}
			into = &breaks.Break{}
			for _, f := range fields {
				into.Key = append(into.Key, string(f))
			}
		}
		for m := range b.Members() {
			if err := addMember(into, m); err != nil {
				return err
			}
		}
		if !b.Null {
			sum.Add(*into)
		}
	}
	if keyless.Left.Rows+keyless.Right.Rows > 0 {
		sum.Add(keyless)
	}
	return nil
}

func addMember(b *breaks.Break, m join.Member) error {
	value, err := join.UnpackValue(m.Value)
	if err != nil {
		return err
	}
	side := &b.Left
	if m.Right {
		side = &b.Right
	}
	side.Rows++
	side.Amount += value[0].Int
	side.Text = value[1].String()
	return nil
}

// list prints every break, one JSON document a line.
func list(ctx context.Context, result *join.Result, out io.Writer) error {
	w := bufio.NewWriter(out)
	encode := json.NewEncoder(w)
	for b, err := range result.Breaks(ctx) {
		if err != nil {
			return err
		}
		l := listing{Key: []*string{}, Left: []member{}, Right: []member{}}
		fields, err := join.UnpackKey(b.Key)
		if err != nil {
			return err
		}
		for _, f := range fields {
			l.Key = append(l.Key, textOrNull(f == nil, string(f)))
		}
		for m := range b.Members() {
			value, err := join.UnpackValue(m.Value)
			if err != nil {
				return err
			}
			row := member{Row: m.Row, Text: textOrNull(value[1].Null, value[1].String())}
			if !value[0].Null {
				row.Number = &value[0].Int
			}
			if m.Right {
				l.Right = append(l.Right, row)
			} else {
				l.Left = append(l.Left, row)
			}
		}
		if err := encode.Encode(l); err != nil {
			return err
		}
	}
	return w.Flush()
}

func textOrNull(null bool, text string) *string {
	if null {
		return nil
	}
	return &text
}
