package Tree;

# The source tree as the guards see it.

use v5.36;
use Cwd qw(abs_path);
use Exporter qw(import);
use File::Basename qw(dirname);
use File::Find qw(find);

our @EXPORT = qw(top files content lines);

my $TOP = abs_path(dirname(__FILE__) . '/../..');

sub top { return $TOP }

# Files under these folders (or single files), relative to the top, whose name matches.
sub files ($pattern, @roots) {
    my @found;

    find({ no_chdir => 1, wanted => sub {
        $File::Find::prune = 1 if /(?:^|\/)(?:\.git|\.deps|\.libs|__pycache__|build|autom4te\.cache)$/;
        push @found, s{^\Q$TOP\E/}{}r if -f && !-l && /$pattern/;
    } }, grep { -e } map { "$TOP/$_" } @roots);
    return sort @found;
}

sub content ($file) {
    open my $handle, '<:raw', "$TOP/$file" or die "$file: $!";
    local $/;
    return <$handle> // '';
}

sub lines ($file) { return split /\n/, content($file) }

1;
