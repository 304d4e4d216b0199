package config

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"parallax/internal/audit"
)

// parent is the key that holds a key.
func parent(key string) string {
	i := strings.LastIndexByte(key, '.')
	return key[:max(i, 0)]
}

// resolvePaths makes every path absolute: those of the file against its folder, the archive's against data_dir.
func resolvePaths(cfg *Config) error {
	path, err := filepath.Abs(cfg.Path)
	if err != nil {
		return fmt.Errorf("resolve paths of configuration: %w", err)
	}
	cfg.Path = path
	dir := filepath.Dir(path)
	cfg.DataDir = against(dir, cfg.DataDir)
	cfg.Archive.Dir = against(cfg.DataDir, cfg.Archive.Dir)
	cfg.Topology.Incident = against(dir, cfg.Topology.Incident)
	for _, one := range deliveries(cfg) {
		one.at.resolve(dir)
	}
	return nil
}

// delivered is one feed of files and the key it stands under.
type delivered struct {
	key string
	at  *Delivery
}

// deliveries lists every feed of files, in the order of the file.
func deliveries(cfg *Config) []delivered {
	var all []delivered
	for i := range cfg.Settlement {
		all = append(all, delivered{join("settlement", nameOr(cfg.Settlement[i].Name, i)), &cfg.Settlement[i].Delivery})
	}
	for i := range cfg.Statements {
		all = append(all, delivered{join("statements", nameOr(cfg.Statements[i].Name, i)), &cfg.Statements[i].Delivery})
	}
	return all
}

// resolve makes the paths of a feed absolute; addresses stay as they are.
func (at *Delivery) resolve(dir string) {
	if !strings.Contains(at.Path, "://") {
		at.Path = against(dir, at.Path)
	}
	for _, path := range []*string{
		&at.SFTP.KnownHosts, &at.SFTP.KeyFile, &at.SFTP.PasswordFile, &at.PGP.KeyFile, &at.PGP.PassphraseFile, &at.PGP.VerifyFile,
	} {
		*path = against(dir, *path)
	}
}

// secrets reads the passwords of a feed.
func (d *decoder) secrets(one delivered) {
	one.at.SFTP.Password = d.secret(one.key+".sftp.password", one.at.SFTP.PasswordEnv, one.at.SFTP.PasswordFile)
	one.at.PGP.Passphrase = d.secret(one.key+".pgp.passphrase", one.at.PGP.PassphraseEnv, one.at.PGP.PassphraseFile)
}

// secret reads a secret from a variable or a file, whichever is given; key is what the two are called after.
func (d *decoder) secret(key, variable, path string) Secret {
	var out Secret
	if variable != "" {
		d.read[variable] = true
		value, set := d.lookup(variable)
		if !set {
			d.wrongAt(key+"_env", "environment variable "+variable+" is not set")
		}
		out = NewSecret(value)
	}
	if path != "" {
		if out.Set() {
			d.wrongAt(key+"_file", "stands beside "+key+"_env: keep one of them")
		}
		text, err := os.ReadFile(path) //nolint:gosec // the configuration names the file
		if err != nil {
			d.wrongAt(key+"_file", err.Error())
		}
		out = NewSecret(strings.TrimRight(string(text), "\r\n"))
	}
	return out
}

// against resolves a path against a folder; an empty path stays empty, for it means that none was given.
func against(dir, path string) string {
	if path == "" || filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(dir, path)
}

// connection is one PostgreSQL server of the configuration and the key it stands under.
type connection struct {
	key string
	to  *Connection
	put func(Connection)
}

// connections lists every server, in the order of the file, and gives those of ledgers the region they stand under.
func connections(cfg *Config) []connection {
	all := []connection{{key: "store", to: &cfg.Store, put: func(c Connection) { cfg.Store = c }}}
	for i := range cfg.Ledgers {
		l := &cfg.Ledgers[i]
		key := join("ledgers", nameOr(l.Name, i))
		for _, name := range sortedRegions(l.Regions) {
			c := l.Regions[name].Connection
			if c.Region == "" {
				c.Region = name
			}
			all = append(all, connection{key: key + ".regions." + string(name), to: &c, put: func(c Connection) {
				r := l.Regions[name]
				r.Connection = c
				l.Regions[name] = r
			}})
		}
		for _, s := range l.restored(key) {
			all = append(all, connection{key: s.key, to: s.to, put: func(c Connection) { *s.to = c }})
		}
	}
	return all
}

// password reads the connection's password from where it says, and reports more than one such place.
func (d *decoder) password(c connection, dir string) {
	to := *c.to
	to.PasswordFile = against(dir, to.PasswordFile)
	var sources []string
	if to.DSN.hasPassword() {
		sources = append(sources, "dsn")
	}
	if to.PasswordEnv != "" {
		sources = append(sources, "password_env")
		d.read[to.PasswordEnv] = true
		if value, set := d.lookup(to.PasswordEnv); set {
			to.Password = NewSecret(value)
		} else {
			d.wrongAt(c.key+".password_env", "environment variable "+to.PasswordEnv+" is not set")
		}
	}
	if to.PasswordFile != "" {
		sources = append(sources, "password_file")
		text, err := os.ReadFile(to.PasswordFile)
		if err != nil {
			d.wrongAt(c.key+".password_file", err.Error())
		}
		to.Password = NewSecret(strings.TrimRight(string(text), "\r\n"))
	}
	if to.RDSIAM {
		sources = append(sources, "rds_iam")
		if to.Region == "" {
			d.wrongAt(c.key+".rds_iam", "an RDS IAM token needs the region of the server: set region beside it")
		}
	}
	if len(sources) > 1 {
		d.wrongAt(c.key, "the password comes from "+strings.Join(sources, " and ")+": keep one of them")
	}
	if len(sources) > 0 && !to.DSN.Set() {
		d.wrongAt(c.key, sources[0]+" needs a dsn beside it")
	}
	c.put(to)
}

// nameOr is an item's name, or its number where it has none, as keys show it.
func nameOr(name string, i int) string {
	if name == "" {
		return strconv.Itoa(i)
	}
	return name
}

// sortedRegions returns the regions of a map in order.
func sortedRegions[V any](m map[audit.Region]V) []audit.Region {
	names := make(map[string]bool, len(m))
	for r := range m {
		names[string(r)] = true
	}
	regions := make([]audit.Region, 0, len(m))
	for _, name := range sortedNames(names) {
		regions = append(regions, audit.Region(name))
	}
	return regions
}
