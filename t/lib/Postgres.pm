package Postgres;

# A private PostgreSQL in a folder of its own, reached by a socket in it. Started as root it runs as
# the user postgres, started by anybody else it stays who it is.
#
#   my $server = Postgres->start or plan skip_all => 'PostgreSQL is not installed';
#   Site->start(server => 'UserAuditDatabase pgsql "' . $server->words . '"');
#   $server->query('SELECT ...'); $server->stop; $server->resume;
#
# Several databases: my $name = $server->database, then words($name) and rows($name, 'SELECT ...').

use v5.36;
use Carp qw(croak);
use Cpanel::JSON::XS ();
use File::Temp qw(tempdir);
use IO::Socket::UNIX ();
use Process;

my $RUN_USER = 'postgres';
my $USER = 'audit';
my $shared;

# What a server that is stopped at once says to each connection. libpq writes it to httpd's error log where the
# connection is so new that it was not yet told to be quiet.
our $LAST_WORD = qr/^WARNING:  terminating connection/;

# Where the server's programs are; undef if there are none.
sub programs {
    my @found = sort grep { -x "$_/initdb" } glob '/usr/lib/postgresql/*/bin';
    return $found[-1];
}

# One for the whole test.
sub shared ($class) { return $shared //= $class->start }

# undef if PostgreSQL is not installed.
sub start ($class) {
    return programs() ? $class->_new->resume : undef;
}

sub _new ($class) {
    my $root = tempdir('user-audit-pg-XXXXXX', TMPDIR => 1, CLEANUP => 1);
    my (undef, undef, $uid, $gid) = getpwnam $RUN_USER;
    my $self = bless { root => $root, databases => 0 }, $class;

    chmod 0755, $root;
    chown $uid, $gid, $root if $> == 0;
    $self->_run('initdb', '-N', '-A', 'trust', '-U', $USER, '-E', 'UTF8', '--locale=C', '-D', "$root/data");
    return $self;
}

sub _command ($self, $program, @arguments) {
    my @as = $> == 0 ? ('setpriv', "--reuid=$RUN_USER", "--regid=$RUN_USER", '--init-groups') : ();

    return [ @as, programs() . "/$program", @arguments ];
}

sub _run ($self, @command) {
    my $process = Process->start(command => $self->_command(@command), output => "$self->{root}/output");

    $process->wait_gone && $process->status == 0 or croak "$command[0] failed: " . $self->output;
}

sub output ($self) {
    open my $handle, '<', "$self->{root}/output" or return '';
    local $/;
    return scalar <$handle>;
}

sub resume ($self) {
    $self->{process} = Process->start(
        command => $self->_command(
            'postgres', '-D', "$self->{root}/data", '-k', $self->{root},
            '-c', 'listen_addresses=', '-c', 'fsync=off', '-c', 'log_min_messages=fatal'),
        output => "$self->{root}/output",
    );
    Process::wait_until(sub { $self->_is_ready }) or croak 'PostgreSQL did not start: ' . $self->output;
    return $self;
}

sub _is_ready ($self) {
    return system(programs() . "/pg_isready -q -h $self->{root} -U $USER") == 0;
}

# Breaks all connections and refuses new ones, as an administrator's restart does.
sub stop ($self) {
    my $process = delete $self->{process} // return $self;

    $process->signal('INT')->wait_gone or croak 'PostgreSQL does not stop';
    return $self;
}

# The same without its last words, as when the machine goes down.
sub crash ($self) {
    my $process = delete $self->{process} // return $self;

    $process->signal('QUIT')->wait_gone or croak 'PostgreSQL does not die';
    return $self;
}

# In the place of a server that is stopped: one who takes a connection and gives no answer to it. What
# is done before each of them is the callback's.
sub refuse ($self, $connections, $meanwhile) {
    my $path = "$self->{root}/.s.PGSQL.5432";
    my $listener = IO::Socket::UNIX->new(Local => $path, Listen => 5, Timeout => 120) or croak "$path: $!";

    chmod 0777, $path;
    for my $number (1 .. $connections) {
        $meanwhile->($number);
        close($listener->accept // croak "nobody has connected for the time number $number");
    }
    close $listener;
    unlink $path;
    return $self;
}

# Breaks all connections of the module.
sub cut ($self) {
    $self->query(q{SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'mod_user_audit'});
    return $self;
}

sub restart ($self) {
    return $self->stop->resume;
}

# libpq's words for a database.
sub words ($self, $database = 'postgres') { return "host=$self->{root} user=$USER dbname=$database" }

sub _psql ($self, $database, $sql) {
    local $ENV{PGPASSWORD} = $self->{password} // '';
    open my $pipe, '-|', programs() . '/psql', '-XAtq', '-d', $self->words($database), '-c', $sql
        or croak "psql: $!";
    my $text = do { local $/; <$pipe> };
    close $pipe or croak "psql: $sql";
    return $text;
}

# A new database; gives its name.
sub database ($self) {
    my $name = 'audit' . ++$self->{databases};

    $self->_psql('postgres', "CREATE DATABASE $name");
    return $name;
}

# From now on a password is asked for, of psql as well.
sub demand_password ($self, $password) {
    $self->_psql('postgres', "ALTER ROLE $USER PASSWORD '$password'");
    $self->{password} = $password;
    open my $rules, '>', "$self->{root}/data/pg_hba.conf" or croak "pg_hba.conf: $!";
    print $rules "local all all scram-sha-256\n";
    close $rules or croak "pg_hba.conf: $!";
    $self->restart;
}

# Rows of a query as hashes.
sub rows ($self, $database, $sql) {
    my $text = $self->_psql($database, "SELECT COALESCE(json_agg(found), '[]') FROM ($sql) AS found");
    return @{ Cpanel::JSON::XS->new->utf8->decode($text) };
}

# All there is in a database, as SQL.
sub dump ($self, $database) {
    open my $pipe, '-|', programs() . '/pg_dump', '-d', $self->words($database) or croak "pg_dump: $!";
    my $text = do { local $/; <$pipe> };
    close $pipe or croak 'pg_dump';
    return $text;
}

# Rows of the database that is there from the start; none if it cannot be asked.
sub query ($self, $sql) {
    my @rows = eval { $self->rows('postgres', $sql) };
    return @rows;
}

END {
    local $?;
    $shared->stop if $shared && $shared->{process} && $shared->{process}{owner} == $$;
}

1;
