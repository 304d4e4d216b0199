package lab

import (
	"bytes"
	_ "embed" // the template
	"os"
	"text/template"
)

//go:embed parallax.yaml.tmpl
var configText string

// writeConfig writes the configuration with this world's addresses. The databases' addresses are fixed for the life of
// the world: eu-west-1 is first the writer and later the new standby, and the snapshot's server is not running yet.
func (w *World) writeConfig(all []endpoints, health string) error {
	t, err := template.New("parallax.yaml").Parse(configText)
	if err != nil {
		return wrap(err, "read the configuration's template")
	}
	type database struct{ Region, DSN string }
	type check struct{ ID, Region, Name string }
	values := struct {
		Endpoints []endpoints
		Databases []database
		Snapshot  database
		Health    string
		Checks    []check
	}{
		Endpoints: all, Snapshot: database{dublin, w.ledger.pair.DSN("snapshot")}, Health: health,
		Checks: []check{{dublinCheck, dublin, "dublin-api"}, {londonCheck, london, "london-api"}},
	}
	for _, region := range regions {
		values.Databases = append(values.Databases, database{region, w.ledger.pair.DSN(region)})
	}
	var out bytes.Buffer
	if err := t.Execute(&out, values); err != nil {
		return wrap(err, "write the configuration")
	}
	return os.WriteFile(w.ConfigPath(), out.Bytes(), 0o600)
}
