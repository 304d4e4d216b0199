package inventory

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow/go/v17/parquet"
)

// formats are the ways that a sheet is published in tests.
var formats = map[string]func(testing.TB, *depot, sheet){
	formatCSV: func(t testing.TB, d *depot, s sheet) {
		t.Helper()
		if at := slices.Index(s.names, "Key"); at >= 0 {
			for i, row := range s.rows {
				s.rows[i] = slices.Clone(row)
				s.rows[i][at] = strings.ReplaceAll(url.QueryEscape(row[at]), "%2F", "/")
			}
		}
		d.publish(t, midnight, formatCSV, joined(s.names), s.csv(t))
	},
	formatParquet: func(t testing.TB, d *depot, s sheet) {
		t.Helper()
		d.publish(t, midnight, formatParquet, "", s.parquet(t, 100))
	},
	"Parquet v2": func(t testing.TB, d *depot, s sheet) {
		t.Helper()
		d.publish(t, midnight, formatParquet, "", s.parquet(t, 100, parquet.WithDataPageVersion(parquet.DataPageV2),
			parquet.WithEncodingFor("is_latest", parquet.Encodings.RLE), parquet.WithDictionaryFor("is_latest", false)))
	},
	"Parquet delta": func(t testing.TB, d *depot, s sheet) { // in an encoding that only arrow reads
		t.Helper()
		d.publish(t, midnight, formatParquet, "", s.parquet(t, 100, parquet.WithDictionaryDefault(false),
			parquet.WithEncodingFor("key", parquet.Encodings.DeltaByteArray), parquet.WithEncodingFor("size", parquet.Encodings.DeltaBinaryPacked)))
	},
}

func inAllFormats(t *testing.T, f func(t *testing.T, d *depot, put func(testing.TB, *depot, sheet))) {
	t.Helper()
	for _, name := range slices.Sorted(maps.Keys(formats)) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f(t, newDepot(), func(t testing.TB, d *depot, s sheet) {
				t.Helper()
				formats[name](t, d, sheet{s.names, slices.Clone(s.rows)})
			})
		})
	}
}

var everyName = append(slices.Clone(fullNames), "EncryptionStatus", "IsMultipartUploaded", "ChecksumAlgorithm")

// wordsOf are the rows of a sheet as textOf writes them.
func wordsOf(s sheet) []string {
	var out []string
	for _, row := range s.rows {
		v := map[string]string{"IsLatest": "true", "IsDeleteMarker": "false", "IsMultipartUploaded": "false"}
		for c, name := range s.names {
			v[name] = row[c]
		}
		if v["ReplicationStatus"] == "COMPLETE" {
			v["ReplicationStatus"] = "COMPLETED"
		}
		if v["Size"] == "" {
			v["Size"] = "0"
		}
		out = append(out, fmt.Sprintf("%q %q %s %s %s %s %q %s %s %s %s %s", v["Key"], v["VersionId"], v["IsLatest"], v["IsDeleteMarker"], v["Size"],
			v["LastModifiedDate"], v["ETag"], v["StorageClass"], v["ReplicationStatus"], v["EncryptionStatus"], v["IsMultipartUploaded"], v["ChecksumAlgorithm"]))
	}
	slices.Sort(out)
	return out
}

// TestStrangeRows: keys of every kind, null versions, delete markers and unknown words come out as they went in.
func TestStrangeRows(t *testing.T) {
	t.Parallel()
	inAllFormats(t, func(t *testing.T, d *depot, put func(testing.TB, *depot, sheet)) {
		t.Helper()
		s := sheetOf(everyName, 250)
		for i, key := range []string{
			"a+b c%20d%zz", "übér/レシート/🧾.json", strings.Repeat("k", 1024), strings.Repeat("ü", 512), `q"uo"te,comma`, "line\nend\r", "\x01\x7f", "+", "%",
		} {
			s.rows[i][1] = key
		}
		s.rows[19][2] = "null"                                                                              // the null version as other stores spell it
		s.rows[20][2] = ""                                                                                  // the null version
		s.rows[21][4], s.rows[21][5], s.rows[21][7], s.rows[21][8], s.rows[21][11] = "true", "", "", "", "" // a delete marker
		s.rows[22][9], s.rows[22][12] = "", ""
		s.rows[23][8], s.rows[23][9], s.rows[23][10], s.rows[23][11] = "GLACIER_IR", "FAILED", "DSSE-KMS", "true"
		s.rows[24][5], s.rows[24][6] = strconv.Itoa(5<<40), "1970-01-01T00:00:00.000Z"
		s.rows[21][11] = "false"
		s.rows[25][9] = "COMPLETE"
		put(t, d, s)
		s.rows = slices.Clone(s.rows)
		s.rows[19] = slices.Clone(s.rows[19])
		s.rows[19][2] = ""
		got := readAll(t, d.source())
		if want := wordsOf(s); len(got.gaps) != 0 || !slices.Equal(got.rows, want) {
			t.Fatalf("gaps %+v, %d rows of %d; first difference %s", got.gaps, len(got.rows), len(want), firstDifference(got.rows, want))
		}
	})
}

func firstDifference(got, want []string) string {
	for i := range min(len(got), len(want)) {
		if got[i] != want[i] {
			return fmt.Sprintf("got %s want %s", got[i], want[i])
		}
	}
	return "in length"
}

// TestOpenSchema: unknown columns are skipped, known ones may stand in any order, and most may be missing.
func TestOpenSchema(t *testing.T) {
	t.Parallel()
	inAllFormats(t, func(t *testing.T, d *depot, put func(testing.TB, *depot, sheet)) {
		t.Helper()
		for _, names := range [][]string{
			{"Shoe", "ETag", "LastModifiedDate", "Colour", "Size", "Key", "Bucket", "Owner"},
			{"LastModifiedDate", "Size", "Key", "Bucket"},
			{"Bucket", "Key", "VersionId", "IsLatest", "IsDeleteMarker", "ObjectOwner", "Size", "LastModifiedDate"},
		} {
			s := sheetOf(names, 30)
			put(t, d, s)
			if got := readAll(t, d.source()); len(got.gaps) != 0 || !slices.Equal(got.rows, wordsOf(s)) {
				t.Errorf("%q: %+v, %s", names, got.gaps, firstDifference(got.rows, wordsOf(s)))
			}
		}
	})
}

// TestRefusedRows: what cannot be a row of the bucket's list is damage, whatever the format.
func TestRefusedRows(t *testing.T) {
	t.Parallel()
	at := func(name string) int { return slices.Index(fullNames, name) }
	for _, c := range []struct{ column, value, says string }{
		{"Bucket", "other", `row 8 is of bucket "other"`},
		{"Key", "", "row 8: field Key is empty"},
		{"Key", strings.Repeat("k", 1025), "row 8: field Key is longer than a key can be"},
		{"Size", "", "row 8: field Size"},
		{"Size", "-1", "Size"},
		{"LastModifiedDate", "", "row 8: field LastModifiedDate"},
		{"IsLatest", "", "row 8: field IsLatest"},
	} {
		inAllFormats(t, func(t *testing.T, d *depot, put func(testing.TB, *depot, sheet)) {
			t.Helper()
			s := sheetOf(fullNames, 20)
			s.rows[7][at(c.column)] = c.value
			put(t, d, s)
			gapOf(t, readAll(t, d.source()), c.says)
		})
	}
}

// TestMissingColumns: a list without what is needed says which column to add.
func TestMissingColumns(t *testing.T) {
	t.Parallel()
	inAllFormats(t, func(t *testing.T, d *depot, put func(testing.TB, *depot, sheet)) {
		t.Helper()
		for missing, names := range map[string][]string{
			"no column LastModifiedDate": {"Bucket", "Key", "Size"},
			"no column Size":             {"Bucket", "Key", "LastModifiedDate"},
			"but not IsLatest":           {"Bucket", "Key", "Size", "LastModifiedDate", "VersionId", "IsDeleteMarker"},
			"names column Key twice":     {"Bucket", "Key", "Size", "LastModifiedDate", "KEY"},
		} {
			put(t, d, sheetOf(names, 3))
			gapOf(t, readAll(t, d.source()), missing)
		}
	})
}

// TestAges: a list that is older than its period and half of it is a gap, and is read all the same.
func TestAges(t *testing.T) {
	t.Parallel()
	d := newDepot()
	d.publish(t, midnight, formatCSV, joined(fullNames), sheetOf(fullNames, 5).csv(t))
	for _, c := range []struct {
		age  time.Duration
		late bool
	}{{36 * time.Hour, false}, {36*time.Hour + time.Second, true}, {7 * 24 * time.Hour, true}} {
		s := d.source()
		s.Every, s.AsOf = 24*time.Hour, midnight.Add(c.age)
		got := readAll(t, s)
		if len(got.rows) != 5 {
			t.Errorf("after %s: %d rows", c.age, len(got.rows))
		}
		if c.late {
			gapOf(t, got, "not delivered yet; newest is of 2026-11-19T00:00:00Z, "+map[bool]string{true: "36h old, 36h are allowed", false: "168h old, 36h are allowed"}[c.age < 40*time.Hour])
		} else if len(got.gaps) != 0 {
			t.Errorf("after %s: %+v", c.age, got.gaps)
		}
	}
}

// TestScanned: of two inventories a day apart the newest not after AsOf is taken, and says when it was begun.
func TestScanned(t *testing.T) {
	t.Parallel()
	d := newDepot()
	s := sheetOf(fullNames, 10)
	exact := midnight.Add(17 * time.Second)
	d.publish(t, exact, formatCSV, joined(fullNames), sheet{s.names, s.rows[:5]}.csv(t))
	d.publish(t, exact.Add(24*time.Hour), formatCSV, joined(fullNames), s.csv(t))
	for asOf, want := range map[time.Time]time.Time{exact.Add(23 * time.Hour): exact, exact.Add(25 * time.Hour): exact.Add(24 * time.Hour)} {
		src := d.source()
		src.AsOf = asOf
		list, gaps, err := src.Find(t.Context())
		if err != nil || len(gaps) != 0 || !list.Scanned.Equal(want) {
			t.Errorf("%+v, %v, %v", list, gaps, err)
		}
	}
}

// TestNewerThanAsOf: what a scan of some length met after AsOf is left out and counted.
func TestNewerThanAsOf(t *testing.T) {
	t.Parallel()
	inAllFormats(t, func(t *testing.T, d *depot, put func(testing.TB, *depot, sheet)) {
		t.Helper()
		s := sheetOf(fullNames, 300)
		for i := range 100 {
			s.rows[3*i][6] = midnight.Add(9 * time.Hour).Format(csvTime)
		}
		put(t, d, s)
		list, _, err := d.source().Find(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		var rows []string
		if err := list.Parts()[0].Scan(t.Context(), func(r *Rows) error {
			for i := range r.Len {
				rows = append(rows, textOf(r, i))
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		slices.Sort(rows)
		want := wordsOf(sheet{s.names, slices.DeleteFunc(s.rows, func(row []string) bool { return row[6] > "2026-11-19T08" })})
		extents, excluded, gaps := list.Coverage()
		if !slices.Equal(rows, want) || len(gaps) != 0 || len(excluded) != 1 || excluded[0].Records != 100 || extents[1].Records != 300 {
			t.Errorf("%d rows, %+v %+v %+v", len(rows), excluded, gaps, extents)
		}
	})
}

// TestEmpty: a bucket without objects has a list of no files, or a file without rows.
func TestEmpty(t *testing.T) {
	t.Parallel()
	d := newDepot()
	none := sheet{names: fullNames}
	for _, publish := range []func(){
		func() { d.publish(t, midnight, formatCSV, joined(fullNames)) },
		func() { d.publish(t, midnight, formatCSV, joined(fullNames), none.csv(t)) },
		func() { d.publish(t, midnight, formatParquet, "", none.parquet(t, 1)) },
	} {
		publish()
		if got := readAll(t, d.source()); len(got.gaps) != 0 || len(got.rows) != 0 || len(got.extents) == 0 {
			t.Errorf("%+v", got)
		}
	}
}

// TestManifestWithoutChecksum is an inventory that S3 has not finished.
func TestManifestWithoutChecksum(t *testing.T) {
	t.Parallel()
	d := newDepot()
	d.publish(t, midnight, formatCSV, joined(fullNames), sheetOf(fullNames, 5).csv(t))
	delete(d.objects, "b/daily/"+midnight.Format(stampLayout)+"/manifest.checksum")
	gapOf(t, readAll(t, d.source()), "there is none; that of 2026-11-19T00:00:00Z has no manifest.checksum")
	d.publish(t, midnight.Add(-24*time.Hour), formatCSV, joined(fullNames), sheetOf(fullNames, 5).csv(t))
	if got := readAll(t, d.source()); len(got.gaps) != 0 || len(got.rows) != 5 {
		t.Errorf("the inventory before it: %+v", got)
	}
}

// TestManyRows reads some million rows through one list, and holds hardly more memory at its end than for one file.
func TestManyRows(t *testing.T) {
	const files = 120
	for _, format := range []string{formatCSV, formatParquet} {
		d := newDepot()
		s := sheetOf(narrowNames, 10_000)
		body := s.csv(t)
		if format == formatParquet {
			body = s.parquet(t, 10_000)
		}
		d.publish(t, midnight, format, joined(narrowNames), body)
		d.repeat(t, files)
		src := d.source()
		src.Dir = t.TempDir()
		list, _, err := src.Find(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		rows, most := int64(0), uint64(0)
		var about runtime.MemStats
		for i, p := range list.Parts() {
			if err := p.Scan(t.Context(), func(r *Rows) error { rows += int64(r.Len); return nil }); err != nil {
				t.Fatal(err)
			}
			if i%50 == 0 {
				runtime.ReadMemStats(&about)
				most = max(most, about.HeapAlloc)
			}
		}
		_, _, gaps := list.Coverage()
		if rows != files*10_000 || len(gaps) != 0 || d.fetched("/data/") != 1 {
			t.Errorf("%s: %d rows, %d files fetched, %+v", format, rows, d.fetched("/data/"), gaps)
		}
		if most > 200<<20 {
			t.Errorf("%s: %d MiB of memory", format, most>>20)
		}
		if err := list.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// repeat makes the manifest of midnight name its first file so many times, under other names.
func (d *depot) repeat(t *testing.T, times int) {
	t.Helper()
	folder := "b/daily/" + midnight.Format(stampLayout) + "/"
	var m map[string]any
	if err := json.Unmarshal(d.objects[folder+"manifest.json"], &m); err != nil {
		t.Fatal(err)
	}
	first := m["files"].([]any)[0].(map[string]any)
	var files []any
	for i := range times {
		file := maps.Clone(first)
		file["key"] = fmt.Sprintf("%s-%d", first["key"], i)
		d.put(fmt.Sprint(file["key"]), d.objects[fmt.Sprint(first["key"])])
		files = append(files, file)
	}
	m["files"] = files
	body := must(json.Marshal(m))(t)
	d.put(folder+"manifest.json", body)
	d.put(folder+"manifest.checksum", []byte(md5Hex(body)))
}

// TestReferee: arrow's column readers make the same rows of a file as our own reader.
func TestReferee(t *testing.T) {
	t.Parallel()
	s := sheetOf(everyName, 3000)
	for i := range s.rows {
		if i%7 == 0 {
			s.rows[i][2], s.rows[i][4], s.rows[i][5], s.rows[i][7], s.rows[i][8] = "", "true", "", "", ""
		}
	}
	for name, body := range map[string][]byte{
		"plain": s.parquet(t, 1000), "version 2": s.parquet(t, 999, parquet.WithDataPageVersion(parquet.DataPageV2), parquet.WithDataPageSize(2000)),
		"dictionaries": s.parquet(t, 3000, parquet.WithDictionaryFor("key", true), parquet.WithDictionaryFor("size", true)),
	} {
		var rows [2][]string
		for i, d := range []decoder{parquetDecoder{}, arrowDecoder{}} {
			a := newAssembler("b", maxMillis)
			if err := d.decode(t.Context(), fileOf(t, body), int64(len(body)), func(c *columns) error {
				r, err := a.assemble(c)
				if err != nil {
					return err
				}
				for k := range r.Len {
					rows[i] = append(rows[i], textOf(r, k))
				}
				return nil
			}); err != nil {
				t.Fatal(name, err)
			}
		}
		if !slices.Equal(rows[0], rows[1]) || len(rows[0]) != 3000 {
			t.Errorf("%s: %d and %d rows, %s", name, len(rows[0]), len(rows[1]), firstDifference(rows[0], rows[1]))
		}
	}
}

// TestQuotedETags: other stores than S3 list ETags with their quotes.
func TestQuotedETags(t *testing.T) {
	t.Parallel()
	d := newDepot()
	s := sheetOf(fullNames, 3)
	want := wordsOf(s)
	for i := range s.rows {
		s.rows[i][7] = `"` + s.rows[i][7] + `"`
	}
	d.publish(t, midnight, formatParquet, "", s.parquet(t, 3))
	if got := readAll(t, d.source()); !slices.Equal(got.rows, want) {
		t.Error(firstDifference(got.rows, want))
	}
}
