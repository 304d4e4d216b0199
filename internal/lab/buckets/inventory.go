package buckets

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

type manifest struct {
	SourceBucket      string         `json:"sourceBucket"`
	DestinationBucket string         `json:"destinationBucket"`
	Version           string         `json:"version"`
	CreationTimestamp string         `json:"creationTimestamp"`
	FileFormat        string         `json:"fileFormat"`
	FileSchema        string         `json:"fileSchema"`
	Files             []manifestFile `json:"files"`
}

type manifestFile struct {
	Key         string `json:"key"`
	Size        int64  `json:"size"`
	MD5checksum string `json:"MD5checksum"` //nolint:tagliatelle // S3's own spelling
}

// WriteInventories moves the clock to a moment, scans both buckets and writes both inventories, stamped with it.
func (p *Pair) WriteInventories(at time.Time) error {
	for _, region := range p.options.Regions {
		if err := p.WriteInventory(region, at); err != nil {
			return err
		}
	}
	return nil
}

// WriteInventory does the same for one region: two regions never scan at the same moment.
func (p *Pair) WriteInventory(region string, at time.Time) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.advance(at)
	s := p.sides[region]
	format := p.options.Formats[region]
	encode, extension, schema := encoderOf(format)
	base := p.InventoryBase(region)
	m := manifest{
		SourceBucket: s.bucket, DestinationBucket: "arn:aws:s3:::" + s.inventory, Version: "2016-11-30",
		CreationTimestamp: strconv.FormatInt(at.UnixMilli(), 10), FileFormat: format, FileSchema: schema,
	}
	rows, ready := p.scan(s, at), at.Add(p.options.InventoryDelay)
	for i := 0; i == 0 || i*p.options.FileRows < len(rows); i++ {
		part := rows[i*p.options.FileRows : min((i+1)*p.options.FileRows, len(rows))]
		body, err := encode(part)
		if err != nil {
			return fmt.Errorf("write inventory of %s: %w", s.bucket, err)
		}
		name := p.fileName(fmt.Sprintf("%s %s %d", region, at, i))
		key := base + "data/" + name + "." + extension
		s.files[key] = file{body, ready}
		m.Files = append(m.Files, manifestFile{Key: key, Size: int64(len(body)), MD5checksum: etagOf(body)})
	}
	return s.seal(base, at, ready, m)
}

// seal writes manifest.json and, as S3 does, its checksum last.
func (s *side) seal(base string, at, ready time.Time, m manifest) error {
	body, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return fmt.Errorf("write manifest of %s: %w", s.bucket, err)
	}
	folder := base + Stamp(at) + "/"
	s.files[folder+"manifest.json"] = file{body, ready}
	s.files[folder+"manifest.checksum"] = file{[]byte(etagOf(body) + "\n"), ready}
	links := make([]string, len(m.Files))
	for i, f := range m.Files {
		links[i] = "s3://" + s.inventory + "/" + f.Key
	}
	hive := base + "hive/dt=" + at.UTC().Format("2006-01-02-15-04") + "/symlink.txt"
	s.files[hive] = file{[]byte(strings.Join(links, "\n")), ready}
	return nil
}

// scan lists what exists at a moment in an order that is not that of the keys, as an inventory is unsorted.
func (p *Pair) scan(s *side, at time.Time) []row {
	keys := slices.SortedFunc(maps.Keys(s.versions), func(a, b string) int { return strings.Compare(reversed(a), reversed(b)) })
	rows := make([]row, 0, len(keys))
	for _, key := range keys {
		list := s.versions[key]
		first := len(rows)
		for _, v := range slices.Backward(list) {
			if !v.at.After(at) {
				rows = append(rows, p.row(s, key, len(rows) == first, v, at))
			}
		}
	}
	return rows
}

func (p *Pair) row(s *side, key string, latest bool, v *version, at time.Time) row {
	r := row{bucket: s.bucket, key: key, latest: latest, class: p.classAt(v, at), version: v}
	if !v.marker {
		r.algorithm = p.algorithm()
	}
	return r
}

// delivered are the keys of the inventory bucket that are there at a moment, in order.
func (s *side) delivered(now time.Time) []string {
	var keys []string
	for key, f := range s.files {
		if !f.modified.After(now) {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	return keys
}

func reversed(s string) string {
	b := []byte(s)
	slices.Reverse(b)
	return string(b)
}

// InventoryBase is the folder of a region's inventories: prefix/bucket/configuration/, without the prefix where none is set.
func (p *Pair) InventoryBase(region string) string {
	base := p.options.Buckets[region] + "/" + p.options.ConfigID + "/"
	if p.options.Prefix != "" {
		base = strings.TrimSuffix(p.options.Prefix, "/") + "/" + base
	}
	return base
}

// Stamp is a moment as the folder of an inventory spells it.
func Stamp(at time.Time) string { return at.UTC().Format("2006-01-02T15-04Z") }

// fileName has the shape of a UUID.
func (p *Pair) fileName(purpose string) string {
	r := p.random("file " + purpose)
	a, b := r.Uint64(), r.Uint64()
	return fmt.Sprintf("%08x-%04x-%04x-%04x-%012x", a>>32, a>>16&0xffff, a&0xffff, b>>48, b&0xffffffffffff)
}

// Stored lists the keys of a region's inventory bucket, in order.
func (p *Pair) Stored(region string) []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Sorted(maps.Keys(p.sides[region].files))
}

// Content is what an object of a region's inventory bucket holds; nil if there is none.
func (p *Pair) Content(region, key string) []byte {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.sides[region].files[key].body)
}

// Overwrite puts an object into a region's inventory bucket as it is; a nil body takes it away.
func (p *Pair) Overwrite(region, key string, body []byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if body == nil {
		delete(p.sides[region].files, key)
		return
	}
	p.sides[region].files[key] = file{body, p.now}
}
