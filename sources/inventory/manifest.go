package inventory

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Formats, as manifest.json spells them.
const (
	formatCSV     = "CSV"
	formatParquet = "Parquet"
	formatORC     = "ORC"
)

// manifest is manifest.json. Source: Amazon S3 User Guide, "Inventory manifest".
type manifest struct {
	SourceBucket      string         `json:"sourceBucket"`
	DestinationBucket string         `json:"destinationBucket"` // an ARN
	Version           string         `json:"version"`
	CreationTimestamp string         `json:"creationTimestamp"` // epoch milliseconds
	FileFormat        string         `json:"fileFormat"`
	FileSchema        string         `json:"fileSchema"`
	Files             []manifestFile `json:"files"`

	created time.Time
}

type manifestFile struct {
	Key  string `json:"key"`
	Size int64  `json:"size"`
	MD5  string `json:"MD5checksum"` //nolint:tagliatelle // S3's own spelling
}

// decodeManifest reads manifest.json and refuses one that cannot be that of the bucket or leaves anything open.
func decodeManifest(body []byte, bucket, destination string) (manifest, error) {
	var m manifest
	if err := json.Unmarshal(body, &m); err != nil {
		return m, &damageError{"is not the JSON of a manifest: " + err.Error()}
	}
	if m.SourceBucket != bucket {
		return m, &damageError{fmt.Sprintf("is of bucket %q, not %q", m.SourceBucket, bucket)}
	}
	if m.DestinationBucket[strings.LastIndexByte(m.DestinationBucket, ':')+1:] != destination {
		return m, &damageError{fmt.Sprintf("names destination %q, not %q", m.DestinationBucket, destination)}
	}
	millis, err := strconv.ParseInt(m.CreationTimestamp, 10, 64)
	if err != nil || millis <= 0 || millis > 1<<45 {
		return m, &damageError{fmt.Sprintf("has creationTimestamp %q, which is not milliseconds since 1970", m.CreationTimestamp)}
	}
	m.created = time.UnixMilli(millis).UTC()
	if m.Files == nil {
		return m, &damageError{"has no list of files"}
	}
	seen := map[string]bool{}
	for i := range m.Files {
		f := &m.Files[i]
		f.MD5 = strings.ToLower(f.MD5)
		switch {
		case f.Key == "" || seen[f.Key]:
			return m, &damageError{fmt.Sprintf("file %d has no key, or one that was named before", i+1)}
		case f.Size < 0:
			return m, &damageError{fmt.Sprintf("file %d has size %d", i+1, f.Size)}
		case !isMD5(f.MD5):
			return m, &damageError{fmt.Sprintf("file %d has no MD5checksum of 32 hexadecimal digits", i+1)}
		}
		seen[f.Key] = true
	}
	return m, nil
}

// maxApart is how much later than its folder's stamp a manifest may say that the scan began: S3 is some minutes apart.
const maxApart = time.Hour

// fits holds a manifest against the folder it stands in. Both name the start of the scan, the folder to the minute: the earlier
// one counts, for what was changed since is not in the list for certain. All files lie in the folder of the configuration.
// Source: Amazon S3 User Guide, "Locating your inventory list".
func (m *manifest) fits(stamp time.Time, base string) error {
	if m.created.Sub(stamp) > maxApart {
		return &damageError{"says that the scan began at " + m.created.Format(time.RFC3339) + ", long after the stamp of its folder"}
	}
	if m.created.Sub(stamp) >= time.Minute {
		m.created = stamp
	}
	for i := range m.Files {
		if !strings.HasPrefix(m.Files[i].Key, base+"data/") {
			return &damageError{fmt.Sprintf("names file %d outside the folder %sdata/", i+1, base)}
		}
	}
	return nil
}

func isMD5(s string) bool {
	return len(s) == 32 && strings.Trim(s, "0123456789abcdef") == ""
}

// decoderOf chooses the decoder by the manifest's format.
func decoderOf(m *manifest) (decoder, error) {
	switch {
	case strings.EqualFold(m.FileFormat, formatCSV):
		return newCSV(m.FileSchema)
	case strings.EqualFold(m.FileFormat, formatParquet):
		return parquetDecoder{}, nil
	case strings.EqualFold(m.FileFormat, formatORC):
		return orcDecoder{}, nil
	default:
		return nil, &unsupportedError{fmt.Sprintf("is in the unknown format %q", m.FileFormat)}
	}
}
