package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"runtime/debug"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"parallax/auditors/receipt"
	"parallax/internal/audit"
	"parallax/internal/bench/breaks"
	"parallax/internal/bench/sets"
	"parallax/internal/join"
	"parallax/internal/record"
	"parallax/sources/inventory"
)

// bucketRegions are those of the two buckets.
var bucketRegions = [2]audit.Region{"eu-west-1", "eu-west-2"}

// inventoryChild compares two buckets with the product's source, join and auditor, and prints what it came to as JSON.
func inventoryChild(ctx context.Context, args []string, out io.Writer) error {
	var b buckets
	if len(args) != 1 {
		return errors.New("it is not told what to compare")
	}
	if err := json.Unmarshal([]byte(args[0]), &b); err != nil {
		return err
	}
	debug.SetMemoryLimit(b.Memory)
	stop, err := profile()
	if err != nil {
		return err
	}
	defer stop()
	start := time.Now()
	sum, err := b.compare(ctx)
	if err != nil {
		return err
	}
	return json.NewEncoder(out).Encode(joined{Seconds: time.Since(start).Seconds(), Breaks: sum.Count, Checksum: sum.String()})
}

// compare finds both inventories, joins them and judges what is not alike.
func (b buckets) compare(ctx context.Context) (sum breaks.Sum, err error) {
	rules, survey := b.rules(), receipt.NewSurvey(b.settings())
	var sides [2]join.Side
	var lists [2]*inventory.List
	for i := range sides {
		list, gaps, err := b.source(i).Find(ctx)
		if err != nil || len(gaps) > 0 {
			return sum, fmt.Errorf("find inventory: %v: %w", gaps, err)
		}
		defer list.Close() //nolint:errcheck // temporary files
		lists[i], sides[i] = list, sideOf(b.Sides[i].Bucket, list, rules, func(rows *inventory.Rows) {
			survey.See(i, rows.Notes, func(row int) []byte { at := rows.Key.Texts[row]; return rows.Key.Data[at.Start:at.End] })
		})
	}
	cfg := join.Config{Memory: b.Memory / 2, Dir: b.Temp, Unordered: true, Carry: true}
	if lists[0].Twice() {
		screened, err := join.Screen(ctx, sides[0], sides[1], cfg)
		if err != nil {
			return sum, err
		}
		for i := range sides {
			sides[i] = screened.Rest(sideOf(b.Sides[i].Bucket, lists[i], rules, func(*inventory.Rows) {}))
		}
	}
	result, err := join.Match(ctx, sides[0], sides[1], cfg)
	if err != nil {
		return sum, err
	}
	defer result.Close() //nolint:errcheck // temporary files
	if err := b.judge(ctx, rules, survey, result, lists, &sum); err != nil {
		return sum, err
	}
	for _, list := range lists {
		if _, _, gaps := list.Coverage(); len(gaps) > 0 {
			return sum, fmt.Errorf("read inventory: %v", gaps)
		}
	}
	return sum, nil
}

func (b buckets) source(side int) inventory.Source {
	d := b.Sides[side]
	client := s3.New(s3.Options{
		BaseEndpoint: &b.URL, UsePathStyle: true, Region: string(bucketRegions[side]),
		Credentials: aws.CredentialsProvider(credentials.NewStaticCredentialsProvider("bench", "bench", "")),
	})
	return inventory.Source{
		Region: bucketRegions[side], Bucket: d.Bucket, Client: client, AsOf: sets.Scanned.Add(time.Hour),
		Inventory: inventory.Location{Bucket: filepath.Base(d.Folder), Prefix: d.Prefix, ID: d.ID},
		Dir:       b.Temp, Settings: inventory.Settings{TempDir: b.Temp},
	}
}

// sideOf is one inventory as the join takes it.
func sideOf(name string, list *inventory.List, rules receipt.Rules, see func(*inventory.Rows)) join.Side {
	side := join.Side{Name: name, Rows: list.Rows, Once: true}
	for _, p := range list.Parts() {
		side.Parts = append(side.Parts, join.Part{Name: p.Name, Scan: func(ctx context.Context, emit func(*join.Batch) error) error {
			var s sheet
			return p.Scan(ctx, func(rows *inventory.Rows) error {
				see(rows)
				return emit(s.fill(rows, rules))
			})
		}})
	}
	return side
}

// sheet makes batches for the join: key and version, and what has to be alike.
type sheet struct {
	batch          join.Batch
	data           []byte
	texts          []join.Span
	numbers, notes []int64
}

func (s *sheet) fill(rows *inventory.Rows, rules receipt.Rules) *join.Batch {
	s.data, s.texts, s.numbers, s.notes = s.data[:0], s.texts[:0], s.numbers[:0], s.notes[:0]
	for i, note := range rows.Notes {
		at := rows.ETag.Texts[i]
		text, number := rules.Print(rows.ETag.Data[at.Start:at.End], note)
		start := len(s.data)
		s.data = append(s.data, text...)
		s.texts = append(s.texts, join.Span{Start: uint32(start), End: uint32(len(s.data))}) //nolint:gosec // some thousand rows
		s.numbers, s.notes = append(s.numbers, number), append(s.notes, int64(note))
	}
	s.batch = join.Batch{
		Rows: rows.Len, Key: []join.Column{rows.Key, rows.Version}, Carry: s.notes,
		Value: []join.Column{{Ints: rows.Size}, {Data: s.data, Texts: s.texts}, {Ints: s.numbers}},
	}
	return &s.batch
}

// version is one version of an object that both sides do not agree on.
type version struct {
	key, id string
	sides   [2]*record.Object
	line    []byte
}

func versionOf(b *join.Break) (v version, err error) {
	fields, err := join.UnpackKey(b.Key)
	if err != nil {
		return v, err
	}
	v.key, v.id = string(fields[0]), string(fields[1])
	size, tag, flags := [2]int64{}, [2]string{}, [2]int64{}
	for m := range b.Members() {
		value, err := join.UnpackValue(m.Value)
		if err != nil {
			return v, err
		}
		side := 0
		if m.Right {
			side = 1
		}
		size[side], tag[side] = value[0].Int, value[1].String()
		o := record.Object{Region: bucketRegions[side], Key: v.key, VersionID: v.id, Size: size[side], ETag: tag[side], SeenAt: sets.Scanned}
		record.ObjectNote(value[3].Int).Describe(&o)
		for bit, set := range []bool{o.IsLatest, o.DeleteMarker} {
			if set {
				flags[side] |= 1 << bit
			}
		}
		v.sides[side] = &o
	}
	v.line = append(v.line, map[bool]string{true: "different", false: "left only"}[v.sides[1] != nil]...)
	if v.sides[0] == nil {
		v.line = append(v.line[:0], "right only"...)
	}
	v.line = append(append(append(append(v.line, '|'), v.key...), '|'), v.id...)
	for _, n := range size {
		v.line = strconv.AppendInt(append(v.line, '|'), n, 10)
	}
	for _, text := range tag {
		v.line = append(append(v.line, '|'), text...)
	}
	for _, n := range flags {
		v.line = strconv.AppendInt(append(v.line, '|'), n, 10)
	}
	return v, nil
}
